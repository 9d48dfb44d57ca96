"""What can go wrong, named by who can mend it. Messages never carry a cell's value."""

from __future__ import annotations


class FruitionError(Exception):
    """Anything Fruition itself reports; `exit_code` is what the command line ends with."""

    exit_code = 4


class ConfigError(FruitionError):
    """The repository or its settings must be mended: a contract, a feed, a variable."""

    exit_code = 2


class SourceUnavailable(FruitionError):
    """Something outside did not answer in time; trying again later is the right answer."""

    exit_code = 3


class WarehouseBusy(SourceUnavailable):
    """Another process holds a lock and did not let go within the bounded wait."""


class DiskFull(SourceUnavailable):
    """There is no room left where the data is; once there is, running again is the right answer."""


class LakeDamaged(FruitionError):
    """A committed file is missing or differs from what its manifest says."""

    exit_code = 1


class BuildFailed(FruitionError):
    """A model or a test of severity error failed: what was published before stays."""

    exit_code = 1


class DeliveryRefused(FruitionError):
    """The sender must mend the file. Never retried: the same bytes would be refused again."""

    exit_code = 1

    def __init__(self, rule: str, message: str, next_step: str) -> None:
        super().__init__(f"{rule}: {message} {next_step}")
        self.rule = rule
        self.message = message
        self.next_step = next_step
