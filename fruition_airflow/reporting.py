"""What a task tells besides its result: the figures for the run's note, and which data it read and wrote."""

from __future__ import annotations

from collections.abc import Mapping

from airflow.sdk import Asset, BaseHook, get_current_context
from airflow.sdk.lineage import get_hook_lineage_collector

from pipelines.lineage import Lineage

NOTE = "note"  # the key under which a task's figures lie; the plugin `run_notes` makes the run's note of them


def tell(figures: Mapping[str, int | str], of: Asset | None = None) -> None:
    """Give the running task's figures to the run's note, and to the event that it sends of an asset."""
    context = get_current_context()
    context["ti"].xcom_push(NOTE, dict(figures))
    if of is not None:
        context["outlet_events"][of].extra.update(figures)


def tell_lineage(lineage: Lineage) -> None:
    """Say what the running task reads and writes, to OpenLineage where that is configured."""
    get_hook_lineage_collector.cache_clear()  # `dag.test` runs one task after another in a process, and it knows no end
    collector, hook = get_hook_lineage_collector(), BaseHook()  # it asks for the hook that did it: there is none
    for path in lineage.inputs:
        collector.add_input_asset(hook, uri=path.as_uri())
    for path in lineage.outputs:
        collector.add_output_asset(hook, uri=path.as_uri())
