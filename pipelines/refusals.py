"""What is done about a refused delivery: shown to a person, and released, or not, as that person says."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, timedelta
from pathlib import Path

from pipelines.errors import ConfigError, LakeDamaged
from pipelines.ingest.attempts import Override
from pipelines.ingest.delivery import TOLERANCE
from pipelines.inquiries import deliveries
from pipelines.lake import Lake, Manifest, read_if_sound, read_json, standing, write_json
from pipelines.messages import one_line
from pipelines.replay import overriding, replay
from pipelines.settings import Settings, now

TEXTS = ("batch", "feed", "file", "rule", "message", "next_step")
ASKED_WITHIN = timedelta(days=14)  # older ones were asked about, and nobody answered
MARKUP = re.compile(r"[`*<>\[\]!|]")


@dataclass(frozen=True)
class RejectedRows:
    """How many rows one rule rejected; never what they hold."""

    contract: str
    column: str | None
    rule: str
    rows: int


@dataclass(frozen=True)
class Refusal:
    """A delivery that stands refused, as a person who decides on it has to see it."""

    batch: str
    feed: str
    file: str
    rule: str
    message: str
    next_step: str
    rejected: tuple[RejectedRows, ...]

    @property
    def is_overridable(self) -> bool:
        """A tolerance can be overridden, no other rule can."""
        return self.rule == TOLERANCE

    def to_text(self) -> dict[str, str]:
        """Its parts as text for Markdown: what came from outside begins no line, and no markup, of its own."""
        rejected = ", ".join(
            f"{entry.rows:,} × {entry.contract}.{entry.column or 'row'}: {entry.rule}" for entry in self.rejected
        )
        parts = {**{name: getattr(self, name) for name in TEXTS}, "rejected": rejected or "none counted"}
        return {name: MARKUP.sub(" ", one_line(text)) for name, text in parts.items()}


def find_refusal(settings: Settings, batch: str) -> Refusal | None:
    """The refused delivery of a batch `<feed>/<batch_id>`; None where it does not stand refused any more.

    Raises `ConfigError` where there is no such batch.
    """
    manifest = _standing(settings, batch)
    if manifest.status != "refused":
        return None
    return Refusal(
        batch=f"{manifest.feed}/{manifest.batch_id}",
        feed=manifest.feed,
        file=manifest.name,
        rule=manifest.rule or "",
        message=manifest.message or "",
        next_step=manifest.next_step or "",
        rejected=_rejected(settings, manifest),
    )


def ask_once(settings: Settings, feed: str, ask: Callable[[list[Manifest]], bool]) -> None:
    """Have each delivery of a feed that lately came to stand refused asked about, as it first came.

    `ask` says whether all were; then they are known in `lake/_alerts/asked/`, and cost the next run nothing but a look
    at the reports of refusals. A report without a manifest is of a run that is still at it, or was stopped: it stays news.
    """
    path = settings.lake / "_alerts" / "asked" / f"{feed}.json"
    lately, asked = _lately_reported(settings, feed), _asked(path)
    if lately <= asked:
        return
    manifests = list(Lake.of(settings).manifests(feed))
    news = {one.root_id for one in manifests if one.batch_id in lately - asked}
    refused = {one.root_id for one in standing(manifests) if one.status == "refused"}
    if ask([one for one in manifests if one.replays is None and one.delivery_id in news & refused]):
        write_json(path, {"asked": sorted(lately & (asked | {one.batch_id for one in manifests}))})


def _lately_reported(settings: Settings, feed: str) -> set[str]:
    """The batches of a feed of which a refusal was reported within `ASKED_WITHIN`."""
    since = (now() - ASKED_WITHIN).replace(tzinfo=UTC).timestamp()
    reports = (settings.rejected / feed).glob("[!m]*.json")  # besides them, message-….json
    return {path.stem for path in reports if path.stat().st_mtime >= since}


def _asked(path: Path) -> set[str]:
    """What was asked about before; nothing where that cannot be read, since asking again changes nothing."""
    return set(read_if_sound(path).get("asked", ()))


def read_again(settings: Settings, batch: str) -> Manifest:
    """Replay a refused delivery; the attempt that stands then.

    One that does not stand refused any more, since somebody was quicker, is left as it is. Raises what `replay` raises.
    """
    return _released(settings, batch, None)


def override_once(settings: Settings, batch: str, reason: str, by: str) -> Manifest:
    """Replay a refused delivery with its tolerance overridden; the attempt that stands then. See `read_again`.

    Raises `ConfigError` where no reason is given, or where it is refused for another rule.
    """
    return _released(settings, batch, overriding(reason, by))


def leave_refused(settings: Settings, batch: str) -> Manifest:
    """The attempt that stands, whatever has become of the delivery meanwhile."""
    return _standing(settings, batch)


def _released(settings: Settings, batch: str, override: Override | None) -> Manifest:
    if _standing(settings, batch).status == "refused":
        replay(settings, [batch], override=override)
    return _standing(settings, batch)


def _standing(settings: Settings, batch: str) -> Manifest:
    """The attempt that counts at the delivery of which the batch is an attempt."""
    feed, _, batch_id = batch.partition("/")
    found = deliveries(settings, feed)
    named = [one for one in found if one.manifest.batch_id == batch_id and one.manifest.status != "repeat"]
    if not named:
        raise ConfigError(f"There is no batch {batch}: give <feed>/<batch>, as `fruition deliveries` lists them.")
    root_id = named[-1].manifest.root_id
    return next(
        one.manifest for one in found if one.manifest.root_id == root_id and one.standing in {"stands", "refused"}
    )


def _rejected(settings: Settings, manifest: Manifest) -> tuple[RejectedRows, ...]:
    """How many rows each rule rejected, from the report beside the archived bytes; none where that is gone."""
    path = settings.rejected / manifest.feed / f"{manifest.batch_id}.json"
    try:
        rows = read_json(path)["rejected_rows"]
    except LakeDamaged:
        return ()
    return tuple(RejectedRows(row["contract"], row["column"], row["rule"], row["rows"]) for row in rows)
