"""The assets that stand between the DAGs, in the order of the data's way: landing -> raw -> marts.

They are names, not places: a home that moves does not make others of them. OpenLineage has the places.
"""

from __future__ import annotations

from airflow.sdk import Asset, AssetWatcher

from fruition_airflow.landing import LandingTrigger


def landing(feed: str) -> Asset:
    """A feed's landing folder. Its events say that something waits there."""
    watcher = AssetWatcher(name="landing folder", trigger=LandingTrigger(feed))
    return Asset(f"landing_{feed}", group="landing", watchers=[watcher])


def raw(feed: str) -> Asset:
    """A feed's deliveries in the lake. Its events say that one was accepted."""
    return Asset(f"raw_{feed}", group="raw")


MARTS = Asset("marts", group="marts")  # the published warehouse; its events say that a build was published
