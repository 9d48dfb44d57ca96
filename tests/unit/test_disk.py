from __future__ import annotations

import errno

import duckdb
import pytest

from pipelines.disk import naming_a_full_disk
from pipelines.errors import DiskFull
from tests.door import Door, readings


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.ENOSPC, "No space left on device"),
        OSError(errno.EDQUOT, "Disk quota exceeded"),
        duckdb.IOException("Could not write file: No space left on device"),
    ],
)
def test_a_full_disk_is_named_whoever_reports_it(error: Exception) -> None:
    with pytest.raises(DiskFull, match="Nothing is lost: make room") as caught, naming_a_full_disk():
        raise error
    assert caught.value.exit_code == 3


def test_other_errors_stay_what_they_are() -> None:
    with pytest.raises(PermissionError), naming_a_full_disk():
        raise PermissionError(errno.EACCES, "Permission denied")


def test_a_disk_that_fills_up_stops_the_feed_and_the_next_sweep_takes_its_file_in(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    door.feed()
    door.drop(readings(2))
    with monkeypatch.context() as patch:
        patch.setattr("pipelines.lake.os.fsync", _full)
        (failure,) = door.sweep().failures
    assert isinstance(failure, DiskFull)
    assert [outcome.status for outcome in door.sweep().outcomes] == ["accepted"]


def _full(descriptor: int) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")
