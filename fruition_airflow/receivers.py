"""What waits for receivers is sent by a task, and what they do not accept wakes the DAG `outbox`."""

from __future__ import annotations

from airflow.sdk import Asset, AssetAlias, get_current_context

from pipelines.errors import WarehouseBusy
from pipelines.settings import Settings

OUTBOX = Asset("outbox")  # its events wake the DAG of that name
WAITING = AssetAlias("outbox_waiting")  # becomes an event of `OUTBOX` where something waits


def send_waiting(settings: Settings) -> None:
    """Send what waits and is due; for a task with `WAITING` among its outlets. No task fails for its receivers."""
    from pipelines.notify import notify

    try:
        waits = bool(notify(settings).exit_code)
    except WarehouseBusy:  # who is at it may have looked before ours was put in
        waits = True
    if waits:
        get_current_context()["outlet_events"][WAITING].add(OUTBOX)
