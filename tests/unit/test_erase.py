from __future__ import annotations

import gzip
import io
import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from pipelines import warehouse
from pipelines.archive import fault
from pipelines.audit import audit
from pipelines.builds import forecasts_path, gaps_path
from pipelines.erase import erase
from pipelines.erase.archived import holds
from pipelines.erase.names import Names
from pipelines.errors import ConfigError
from pipelines.lake import Lake
from pipelines.notify import notify
from pipelines.outbox import Outbox
from pipelines.replay import replay
from pipelines.settings import Settings
from pipelines.workspace import scratch
from tests.door import Door
from tests.history import Event, History

NAME = "Zoë van Dam"
COLUMNS = {"outcome_id": "id", "name": "title", "owner": "who"}


@pytest.fixture(scope="module")
def furnished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home in which a name stands in rows, rejected rows, file names, reports, text, gz and a workbook."""
    folder = tmp_path_factory.mktemp("peopled")
    door = Door(Settings(home=folder / "home", feeds=folder / "feeds"))
    delivers = [{"contract": "outcome", "columns": COLUMNS}]
    keys: dict[str, Any] = {"delivers": delivers, "tolerance": {"rejected_rows": "100%"}}
    door.feed("people", **keys)
    content = f"id,title,who\nO1,Care of {NAME.upper()}s,x\nO2,Rota,{NAME}\n,Lost,{NAME}\nO3,Zoë van Damme,y\n"
    door.deliver(content, "people.csv", "people")
    door.deliver(gzip.compress("id,title,who\nO4,Rota,zoë  van dam\n".encode()), f"list of {NAME}.csv.gz", "people")
    door.deliver(f"id,who\nO5,{NAME}\n", f"{NAME}.csv", "people")
    delivers = [{"contract": "outcome", "from": "Sheet", "columns": COLUMNS}]
    door.feed("sheets", **{**keys, "delivers": delivers, "format": {"reader": "excel"}})
    door.deliver(workbook([["id", "title", "who"], ["O6", "Rota", NAME]]), "people.xlsx", "sheets")
    warehouse.load(door.settings)
    return folder


@pytest.fixture
def peopled(door: Door, furnished: Path) -> Door:
    """That home, copied."""
    shutil.copytree(furnished, door.settings.home.parent, dirs_exist_ok=True)
    return door


def workbook(rows: list[list[str]]) -> bytes:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "Sheet"
    for row in rows:
        sheet.append(row)
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


@pytest.fixture(autouse=True)
def quick_rebuild(monkeypatch: pytest.MonkeyPatch) -> None:
    """The warehouse is made anew without its marts: what it holds comes from the lake alone."""

    def remake(settings: Settings, tell: Any = None) -> None:
        warehouse.remove_database(settings.warehouse)
        warehouse.load(settings)

    monkeypatch.setattr("pipelines.erase.rebuild", remake)


def holders(settings: Settings) -> list[str]:
    """The files below the home that hold the name: in their own names, their bytes, or what is packed in them."""
    names = Names.of([NAME], "-")
    found = []
    for path in sorted(settings.home.rglob("*")):
        if path.is_file():
            texts = [path.read_bytes().decode("utf-8", "ignore"), path.name, *_unpacked(path)]
            if any(names.within(text) for text in texts):
                found.append(str(path.relative_to(settings.home)))
    return found


def _unpacked(path: Path) -> list[str]:
    if path.suffix == ".parquet":
        with scratch(path.parent) as connection:
            return [str(row) for row in connection.execute(f"from read_parquet('{path}')").fetchall()]
    if path.suffix == ".json":
        return [json.dumps(json.loads(path.read_text()), ensure_ascii=False)]
    if path.suffix == ".xlsx":
        return [str(row) for row in openpyxl.load_workbook(path)["Sheet"].values]
    return [gzip.decompress(path.read_bytes()).decode()] if path.suffix == ".gz" else []


def test_nothing_below_the_home_holds_the_name_any_more(peopled: Door) -> None:
    assert len(holders(peopled.settings)) > 8
    done = erase(peopled.settings, [NAME])
    assert holders(peopled.settings) == []
    assert len(done.removed) == 1
    owners = peopled.warehouse("select distinct owner from raw.outcome where outcome_id <> 'O3' and owner <> 'x'")
    assert owners == [(done.placeholder,)]
    assert peopled.warehouse("select name from raw.outcome where outcome_id = 'O1'") == [(f"Care of {NAME.upper()}s",)]


def test_who_only_has_a_similar_name_keeps_it(peopled: Door) -> None:
    erase(peopled.settings, [NAME])
    assert peopled.warehouse("select name, owner from raw.outcome where outcome_id = 'O3'") == [("Zoë van Damme", "y")]


def test_everything_is_still_accounted_for_and_can_be_read_again(peopled: Door) -> None:
    erase(peopled.settings, [NAME])
    assert audit(peopled.settings).findings == ()
    peopled.feed(
        "people",
        delivers=[{"contract": "outcome", "columns": {"outcome_id": "id", "name": "title"}}],
        tolerance={"rejected_rows": "100%"},
    )
    batch = next(m.batch_id for m in peopled.manifests() if m.name == "people.csv")
    assert replay(peopled.settings, [batch])[0].status == "accepted"


def test_the_record_says_what_was_done_and_not_whose_name_it_was(peopled: Door) -> None:
    done = erase(peopled.settings, [NAME])
    (record,) = Lake.of(peopled.settings).erasures()
    assert (record.placeholder, record.rows) == (done.placeholder, done.rows)
    assert record.finished_at is not None
    assert set(done.mended) == set(record.files)
    (path,) = (peopled.settings.lake / "_erasures").glob("*.json")
    assert not Names.of([NAME, "Zoë", "Dam"], "-").within(path.read_text())


def test_a_dry_run_finds_the_same_and_does_nothing(peopled: Door) -> None:
    before = holders(peopled.settings)
    tried = erase(peopled.settings, [NAME], dry_run=True)
    assert holders(peopled.settings) == before
    assert Lake.of(peopled.settings).erasures() == []
    done = erase(peopled.settings, [NAME])
    assert (tried.rows, len(tried.mended), tried.removed) == (done.rows, len(done.mended), done.removed)


def test_a_name_that_nobody_has_leaves_no_trace(peopled: Door) -> None:
    assert erase(peopled.settings, ["Nobody Else"]).placeholder is None
    assert not (peopled.settings.lake / "_erasures").exists()


def test_what_waits_in_the_landing_folder_is_left_alone_and_named(peopled: Door) -> None:
    path = peopled.drop(f"id,title,who\nO9,Rota,{NAME}\n", "new.csv", "people")
    assert erase(peopled.settings, [NAME]).waiting == ("landing/people/new.csv",)
    assert path.exists()


def test_several_spellings_go_at_once(peopled: Door) -> None:
    done = erase(peopled.settings, [NAME, "Zoë van Damme"])
    assert peopled.warehouse("select name from raw.outcome where outcome_id = 'O3'") == [(done.placeholder,)]


@pytest.mark.parametrize("names", [[], ["  "], ["Al"]])
def test_what_is_too_short_for_a_name_is_asked_back(peopled: Door, names: list[str]) -> None:
    with pytest.raises(ConfigError, match="at least 3 characters"):
        erase(peopled.settings, names)


STEPS = [
    "pipelines.erase.archived.write_atomically",
    "pipelines.erase.stored.put_in_place",
    "pipelines.erase.stored.write_json",
    "pipelines.erase.rebuild",
]


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("call", [1, 2])
def test_stopped_at_any_step_it_is_finished_by_running_it_again(
    peopled: Door, monkeypatch: pytest.MonkeyPatch, step: str, call: int
) -> None:
    calls = 0

    def stop(*arguments: Any, **keywords: Any) -> None:
        nonlocal calls
        calls += 1
        if calls == call:
            raise KeyboardInterrupt
        real(*arguments, **keywords)

    module, _, function = step.rpartition(".")
    real = getattr(__import__(module, fromlist=[function]), function)
    with monkeypatch.context() as patch:
        patch.setattr(step, stop)
        try:
            erase(peopled.settings, [NAME])
            assert step.endswith("rebuild")  # it is called once only
        except KeyboardInterrupt:
            assert [fault(peopled.settings, m) for m in peopled.manifests() if m.feed == "people"] == [None] * 3
            for manifest in peopled.manifests():
                for file in manifest.files:
                    warehouse.verify(Lake.of(peopled.settings), file)
            erase(peopled.settings, [NAME])
    assert holders(peopled.settings) == []
    assert audit(peopled.settings).findings == ()
    (record,) = Lake.of(peopled.settings).erasures()
    assert record.finished_at is not None


def test_a_recorded_gap_of_a_subject_named_after_a_person_gets_its_new_identifier(door: Door) -> None:
    lake = Lake.of(door.settings)
    path = gaps_path(lake, 1)
    path.parent.mkdir(parents=True)
    with scratch(path.parent) as connection:
        connection.execute(
            f"copy (select 'old' as gap_id, 'high' as severity, 'MISSING_OWNER' as gap_code, 'benefit' as subject_type, "
            f"'{NAME}' as subject_id) to '{path}'"
        )
        connection.execute(f"copy (select '{NAME}' as benefit_id) to '{forecasts_path(lake, 1)}'")
    done = erase(door.settings, [NAME])
    with scratch(path.parent) as connection:
        forecast = connection.execute(f"select benefit_id from '{forecasts_path(lake, 1)}'").fetchone()
        row = connection.execute(
            f"select subject_id, gap_id = substr(sha256('MISSING_OWNER|benefit|' || subject_id), 1, 16) from '{path}'"
        ).fetchone()
    assert (row, forecast) == ((done.placeholder, True), (done.placeholder,))
    assert json.loads(next((lake.folder / "_erasures").glob("*.json")).read_text())["rows"] == 2


def test_an_erasure_that_was_stopped_is_finished_before_another_name_goes(
    peopled: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr("pipelines.erase.rebuild", _stopped)
        erase(peopled.settings, [NAME])
    with pytest.raises(ConfigError, match="run it again with the same names first"):
        erase(peopled.settings, ["Somebody Else"])
    erase(peopled.settings, [NAME])
    assert erase(peopled.settings, ["Somebody Else"]).placeholder is None


def _stopped(*arguments: Any, **keywords: Any) -> None:
    raise KeyboardInterrupt


def test_what_stopped_runs_left_goes_too(peopled: Door) -> None:
    rests = [
        peopled.settings.lake / "_work" / "people" / ".work-1" / "rows.parquet",
        peopled.settings.archive / "people" / ".abc.part",
        peopled.settings.warehouse.parent / ".benefits.duckdb.rebuild",
    ]
    for path in rests:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(NAME)
    erase(peopled.settings, [NAME])
    assert [path for path in rests if path.exists()] == []


@pytest.mark.parametrize(
    "content", [b"\x1f\x8bnot really", gzip.compress(b"id,title,who\n" * 99)[:30]], ids=["no gzip", "torn"]
)
def test_an_archived_file_that_cannot_be_unpacked_goes_since_it_may_hold_anything(
    peopled: Door, content: bytes
) -> None:
    assert peopled.deliver(content, "broken.csv.gz", "people").status == "refused"
    assert any(path.endswith(".csv.gz") for path in erase(peopled.settings, [NAME]).removed)
    assert audit(peopled.settings).findings == ()


def test_a_name_is_found_however_its_letters_are_composed_or_packed(peopled: Door) -> None:
    names = Names.of([NAME], "-")
    decomposed = "Zoe\u0308 van Dam"
    assert names.replaced(f"by {decomposed}.") == "by -."
    assert holds(b"\0" + NAME.encode("utf-16-le"), names)
    assert holds("<t>Zoë</t><t> van Dam</t>".encode(), names)


def test_the_name_goes_from_what_waits_for_receivers_too(peopled: Door) -> None:
    settings = replace(
        peopled.settings, webhook_url="http://127.0.0.1:9/", webhook_secret="s", notify_urls=("json://127.0.0.1:9",)
    )
    history = History(settings)
    history.names["B1"] = f"Rota of {NAME}"
    history.build(("opened", "B1"), ("opened", NAME), ("opened", "B3"))
    notify(settings)
    shutil.rmtree(settings.lake / "_builds")  # these have no gaps to be loaded
    held = [name for name in holders(settings) if name.startswith("lake/_outbox/")]
    assert len(held) == 3
    untouched = [
        path.read_bytes() for path in settings.lake.glob("_outbox/*.json") if f"lake/_outbox/{path.name}" not in held
    ]
    done = erase(settings, [NAME])
    assert set(held) <= set(done.mended)
    history.settings.published.unlink()  # made anew by the rebuild that is left out here
    assert holders(settings) == []
    entries = list(Outbox.of(settings).waiting())
    assert len(entries) == 4
    events = {entry.content["data"]["subject_id"]: entry for entry in entries if entry.kind == "webhook"}
    renamed = Event(1, "opened", str(done.placeholder))
    entry = events[renamed.subject]
    assert entry.name == f"00000001-{renamed.event_id}.webhook"
    content = entry.content
    assert (content["id"], content["subject"], content["data"]["gap_id"]) == (renamed.event_id, *[renamed.gap_id] * 2)
    assert events["B1"].content["data"]["subject_name"] == f"Rota of {done.placeholder}"
    assert all(content in [path.read_bytes() for path in settings.lake.glob("_outbox/*.json")] for content in untouched)
