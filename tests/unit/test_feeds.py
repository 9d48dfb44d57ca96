from __future__ import annotations

from datetime import timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
import yaml

from pipelines.errors import ConfigError
from pipelines.feeds import Feed, load_feed, load_feeds, message_feeds, readable_feeds

FEED: dict[str, Any] = {
    "source": {"kind": "landing"},
    "format": {"reader": "csv"},
    "delivers": [{"contract": "kpi_reading", "columns": {"kpi_id": "id"}}],
}


def loaded(folder: Path, keys: dict[str, Any], file: str = "crm_nps.yml") -> Feed:
    path = folder / file
    path.write_text(yaml.safe_dump({**FEED, **keys}))
    return load_feed(path)


def test_the_defaults_are_those_of_the_design(tmp_path: Path) -> None:
    feed = loaded(tmp_path, {})
    assert (feed.name, feed.mode, feed.arrival, feed.allow_empty) == ("crm_nps", "delta", "settled", False)
    assert feed.tolerance.rejected_rows == Fraction(5, 100)
    assert feed.delivers[0].table == "rows"


def test_percentages_and_durations_are_exact(tmp_path: Path) -> None:
    feed = loaded(tmp_path, {"tolerance": {"rejected_rows": "0.1%"}, "freshness": "36h"})
    assert (feed.tolerance.rejected_rows, feed.freshness) == (Fraction(1, 1000), timedelta(hours=36))


@pytest.mark.parametrize(
    ("keys", "key"),
    [
        ({"sourse": {}}, "sourse"),
        ({"source": {"kind": "landing", "glob": "*"}}, "source.glob"),
        ({"source": {"kind": "ftp"}}, "source"),
        ({"source": {"kind": "message", "pattern": "*"}}, "source.pattern"),
        ({"source": {"kind": "message", "stream": ""}}, "source.stream"),
        ({"source": {"kind": "message", "max_megabytes": 513}}, "source.max_megabytes"),
        ({"source": {"kind": "landing", "pattern": ""}}, "source.pattern"),
        ({"format": {"reader": "csv", "seperator": ";"}}, "format.seperator"),
        ({"format": {"reader": "csv", "delimiter": "||"}}, "format.delimiter"),
        ({"format": {"reader": "csv", "delimiter": "'", "quote": "'"}}, "format"),
        ({"format": {"reader": "csv", "quote": "x"}}, "format.quote"),
        ({"format": {"reader": "csv", "encoding": "utf-9"}}, "format.encoding"),
        ({"format": {"reader": "csv", "encoding": "base64"}}, "format.encoding"),
        ({"format": {"reader": "excel", "delimiter": ";"}}, "format.delimiter"),
        ({"format": {"reader": "parquet"}}, "format"),
        ({"mode": "append"}, "mode"),
        ({"tolerance": {"rejected_rows": "2"}}, "tolerance.rejected_rows"),
        ({"tolerance": {"rejected": "2%"}}, "tolerance.rejected"),
        ({"freshness": "soon"}, "freshness"),
        ({"schedule": "daily"}, "schedule"),
        ({"as_at": {"pattern": "no group"}}, "as_at.pattern"),
        ({"as_at": {"pattern": "(["}}, "as_at.pattern"),
        ({"delivers": []}, "delivers"),
        ({"delivers": [{"contract": "kpi", "columns": {}}]}, "delivers.0.columns"),
        ({"delivers": [{"contract": "kpi", "columns": {"kpi_id": None}}]}, "delivers.0.columns.kpi_id"),
        ({"delivers": [{"contract": "kpi", "colums": {"kpi_id": "x"}}]}, "delivers.0.colums"),
        ({"delivers": FEED["delivers"] * 2}, "the document"),
        ({"name": "crm_nps"}, "name"),
    ],
)
def test_a_key_that_is_wrong_or_unknown_is_named_with_its_file(tmp_path: Path, keys: dict[str, Any], key: str) -> None:
    with pytest.raises(ConfigError) as caught:
        loaded(tmp_path, keys)
    assert str(caught.value).startswith("crm_nps.yml: ")
    assert any(f"{one}: " in str(caught.value) for one in key.split("|"))


def test_a_file_name_that_could_not_be_a_feed_s_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"^CRM-NPS\.yml: "):
        loaded(tmp_path, {}, "CRM-NPS.yml")


@pytest.mark.parametrize("text", ["a: 1\na: 2\n", "a: [", "- a\n", "? [a]\n: 1\n", "\xff"])
def test_a_file_that_is_no_mapping_with_every_key_once_is_named(tmp_path: Path, text: str) -> None:
    path = tmp_path / "crm_nps.yml"
    path.write_text(text, encoding="latin-1")
    with pytest.raises(ConfigError, match=r"^crm_nps\.yml: "):
        load_feed(path)


def test_one_broken_feed_stops_no_other(tmp_path: Path) -> None:
    loaded(tmp_path, {})
    (tmp_path / "broken.yml").write_text("source: 5\n")
    feeds, faults = readable_feeds(tmp_path)
    assert list(feeds) == ["crm_nps"]
    assert [fault.partition(":")[0] for fault in faults] == ["broken.yml"]
    with pytest.raises(ConfigError):
        load_feeds(tmp_path)


def test_what_arrives_by_message_is_whole_unless_the_feed_says_otherwise(tmp_path: Path) -> None:
    assert loaded(tmp_path, {"source": {"kind": "message"}}).arrival == "atomic"
    assert loaded(tmp_path, {"source": {"kind": "message"}, "arrival": "settled"}).arrival == "settled"


def test_every_feed_has_a_stream_of_its_own(tmp_path: Path) -> None:
    loaded(tmp_path, {"source": {"kind": "message"}})
    loaded(tmp_path, {}, "files.yml")
    loaded(tmp_path, {"source": {"kind": "message", "stream": "apart"}}, "third.yml")
    streams, faults = message_feeds(load_feeds(tmp_path))
    assert (set(streams), faults) == ({"fruition:crm_nps", "apart"}, [])
    loaded(tmp_path, {"source": {"kind": "message", "stream": "fruition:crm_nps"}}, "other.yml")
    streams, (fault,) = message_feeds(load_feeds(tmp_path))
    assert fault.startswith("other.yml: source.stream: crm_nps.yml reads fruition:crm_nps too")
    assert set(streams) == {"apart"}
