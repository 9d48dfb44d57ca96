"""What people ask of the lake: deliveries with their replays, and rejected rows."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from io import StringIO
from typing import Any

import pytest
from rich.console import Console
from typer.testing import CliRunner

from pipelines import inquiries
from pipelines.cli import app
from pipelines.console import ledger
from pipelines.errors import ConfigError
from pipelines.lake import Lake, Manifest
from pipelines.settings import Settings
from tests.door import HEADER, NAME, Door, reading, readings

FIRST = datetime(2026, 6, 1, 2)


def manifest(number: int, status: str = "accepted", replays: int | None = None, **values: object) -> Manifest:
    """A delivery received on the day of that number, or an attempt of then at an earlier one."""
    received = FIRST + timedelta(days=number)
    root = replays if replays is not None else number
    return Manifest(
        delivery_id=identity(number),
        feed=NAME,
        name=f"file_{root}.csv",
        sha256=f"{root:064x}",
        size_bytes=1,
        archived=f"{root:064x}.csv",
        as_at=None,
        received_at=received,
        mode="delta",
        status=status,  # type: ignore[arg-type]
        batch_id=f"{root:016x}" + (f"-{number}" if replays is not None else ""),
        replays=identity(replays) if replays is not None else None,
        **values,  # type: ignore[arg-type]
    )


def identity(number: int) -> str:
    return f"{FIRST + timedelta(days=number):%Y%m%dT%H%M%S%f}Z-{number:06x}"


def commit(settings: Settings, *manifests: Manifest) -> None:
    for one in manifests:
        Lake.of(settings).commit(one)


def standings(settings: Settings) -> list[tuple[int, str, str | None, str | None]]:
    found = inquiries.deliveries(settings, None)
    return [(one.attempt, one.standing, one.replaces, one.replaced_by) for one in found]


@pytest.mark.parametrize(
    ("statuses", "expected"),
    [
        (["accepted"], [(1, "stands", None, None)]),
        (["refused"], [(1, "refused", None, None)]),
        (["repeat"], [(1, "without_effect", None, None)]),
        (["accepted", "accepted"], [(1, "replaced", None, 1), (2, "stands", 0, None)]),
        (["refused", "accepted"], [(1, "replaced", None, 1), (2, "stands", 0, None)]),
        (["refused", "refused"], [(1, "replaced", None, 1), (2, "refused", 0, None)]),
        (["accepted", "refused"], [(1, "stands", None, None), (2, "without_effect", None, None)]),
        (
            ["accepted", "refused", "accepted", "accepted"],
            [(1, "replaced", None, 2), (2, "replaced", 0, 2), (3, "replaced", 0, 3), (4, "stands", 2, None)],
        ),
    ],
    ids=lambda value: " then ".join(value) if isinstance(value[0], str) else "",
)
def test_of_several_attempts_the_last_accepted_stands_and_else_the_last(
    door: Door, statuses: list[str], expected: list[tuple[int, str, int | None, int | None]]
) -> None:
    for number, status in enumerate(statuses):
        commit(door.settings, manifest(number, status, replays=0 if number else None))
    named = [
        (attempt, standing, *(None if which is None else identity(which) for which in (replaces, replaced_by)))
        for attempt, standing, replaces, replaced_by in expected
    ]
    assert standings(door.settings) == named


def test_deliveries_are_listed_newest_last_and_narrowed_by_status_and_standing(door: Door) -> None:
    commit(door.settings, manifest(3), manifest(1, "refused"), manifest(2), manifest(4, replays=2))
    found = inquiries.deliveries(door.settings, NAME)
    assert [one.manifest.received_at for one in found] == sorted(one.manifest.received_at for one in found)
    assert len(inquiries.deliveries(door.settings, NAME, status="accepted")) == 3
    assert [one.manifest.delivery_id for one in inquiries.deliveries(door.settings, NAME, standing="replaced")] == [
        identity(2)
    ]
    with pytest.raises(ConfigError, match="there are accepted, refused, repeat"):
        inquiries.deliveries(door.settings, NAME, status="bogus")


def test_json_keeps_the_manifests_fields_and_adds_what_an_attempt_counts_for(door: Door) -> None:
    commit(door.settings, manifest(1), manifest(2, replays=1))
    result = CliRunner().invoke(app, ["deliveries", "--json"], env=environment(door.settings))
    first, second = json.loads(result.stdout)
    assert {"delivery_id", "feed", "name", "status", "batch_id", "contracts", "rejects", "replays"} <= set(first)
    assert (first["standing"], first["replaced_by"]) == ("replaced", second["delivery_id"])
    assert (second["standing"], second["attempt"], second["root_id"]) == ("stands", 2, first["delivery_id"])


def test_hundreds_of_deliveries_stay_readable_at_eighty_columns(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    told: dict[str, Any] = {"rule": "unreadable", "message": "The file [is] no text.", "next_step": "Send it again."}
    commit(door.settings, *(manifest(number) for number in range(300)), manifest(300, "refused", **told))
    screen = Console(width=80, record=True, file=StringIO())
    monkeypatch.setattr(ledger, "out", screen)
    ledger.print_deliveries(inquiries.deliveries(door.settings, None))
    lines = screen.export_text().splitlines()
    assert max(map(len, lines)) <= 80
    assert sum("accepted" in line for line in lines) == 301
    text = " ".join(" ".join(lines).split())
    assert "Stands refused" in text
    assert "The file [is] no text." in text
    assert "Send it again." in text
    assert "301 listed: 300 stand, 1 stand refused." in text


def test_rejected_rows_are_those_of_the_attempts_that_count(door: Door) -> None:
    door.feed(tolerance={"rejected_rows": "100%"})
    door.deliver(readings(3) + reading("K9", value="much"))
    (first,) = door.manifests()
    mended = first.changed(
        delivery_id=identity(500), replays=first.delivery_id, batch_id=f"{first.batch_id}-2", rejects=None
    )
    assert [row["line"] for row in inquiries.rejected_rows(door.settings, None)] == [5]
    commit(door.settings, mended)
    assert inquiries.rejected_rows(door.settings, None) == []
    assert [row["line"] for row in inquiries.rejected_rows(door.settings, NAME, every_attempt=True)] == [5]
    assert [row["line"] for row in inquiries.rejected_rows(door.settings, NAME, batch=first.batch_id)] == [5]
    assert inquiries.rejected_rows(door.settings, NAME, batch=mended.batch_id) == []


def test_a_refused_delivery_shows_its_rejects_while_it_stands_refused(door: Door) -> None:
    door.feed(tolerance={"rejected_rows": "0%"})
    assert door.deliver(HEADER + reading(value="much")).status == "refused"
    assert [row["status"] for row in inquiries.rejected_rows(door.settings, None)] == ["refused"]


def test_a_batch_that_nobody_knows_is_said_to_be_none(door: Door) -> None:
    door.deliver(readings(1))
    with pytest.raises(ConfigError, match="no batch"):
        inquiries.rejected_rows(door.settings, None, batch="0123456789abcdef")


def environment(settings: Settings) -> dict[str, str]:
    return {"FRUITION_HOME": str(settings.home), "FRUITION_FEEDS": str(settings.feeds)}
