"""Who is told of gap events, and what waits for them; nothing of a URL is ever shown."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from pipelines.doctor.findings import Check, counted, misconfigured, ok, warning
from pipelines.messages import is_understood, receiver_name
from pipelines.outbox import Outbox
from pipelines.settings import Settings

PATIENCE = timedelta(minutes=15)  # so long a receiver may be down before somebody should look


def receiver_checks(settings: Settings) -> Iterator[Check]:
    """Each receiver by a name that gives nothing away; URLs that nobody understands, or anybody can read on the way."""
    strange = [receiver_name(url) for url in settings.notify_urls if not is_understood(url)]
    for name in strange:
        yield misconfigured(
            f"Receiver {name}", "Apprise does not understand its URL.", "Mend that URL of FRUITION_NOTIFY_URLS."
        )
    if settings.webhook_url and _is_open(settings.webhook_url):
        yield warning(
            "Receiver webhook",
            "its URL is plain http, to another machine: gap events can be read on the way.",
            "Use https, unless the network in between is trusted.",
        )
    known = ["webhook"] if settings.webhook_url else []
    known += [name for name in map(receiver_name, settings.notify_urls) if name not in strange]
    if not strange:
        yield ok("Receivers", ", ".join(known) if known else "none set: nobody is told of gap events")


def outbox_check(settings: Settings, at: datetime) -> Check:
    """How much waits for receivers, and since when."""
    entries = list(Outbox.of(settings).waiting())
    if not entries:
        return ok("Outbox", "nothing waits")
    oldest = min(entry.queued_at for entry in entries)
    events = sum(entry.kind == "webhook" for entry in entries)
    kinds = [counted(events, "event"), counted(len(entries) - events, "message")]
    seen = f"{' and '.join(kinds)} waiting, the oldest since {oldest:%Y-%m-%d %H:%M} UTC"
    if at - oldest < PATIENCE:
        return ok("Outbox", seen)
    return warning("Outbox", f"{seen}.", "Run `fruition notify`: it tries again and says why they wait.")


def _is_open(url: str) -> bool:
    parts = urlsplit(url)
    return parts.scheme == "http" and not _is_this_machine(parts.hostname or "")


def _is_this_machine(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
