"""What the DAGs have in common: what is tried again, who writes DuckDB, and which runs there may be."""

from __future__ import annotations

from typing import Any

from airflow.sdk import ExceptionRetryPolicy, RetryAction, RetryRule
from airflow.sdk.exceptions import AirflowRuntimeError
from airflow.utils.types import DagRunType

from fruition_airflow.notifiers import forget_failure
from pipelines.errors import SourceUnavailable

WRITER_POOL = "duckdb_writer"  # one slot: DuckDB lets one process write, and none read meanwhile

# A task that was killed is tried again too: no policy is asked then. Anything else somebody has to mend.
ONLY_WHAT_TIME_MENDS = ExceptionRetryPolicy(
    rules=[
        RetryRule([SourceUnavailable, AirflowRuntimeError], RetryAction.RETRY),
        RetryRule(Exception, RetryAction.FAIL),
    ]
)

# A run takes what there is, whatever its date: only `look_back` has something to do for a day that has passed.
NO_BACKFILL: Any = tuple(kind for kind in DagRunType if kind != DagRunType.BACKFILL_JOB)


def task_defaults(owner: str = "fruition", **others: Any) -> dict[str, Any]:
    """The `default_args` of a DAG."""
    return {
        "owner": owner,
        "retries": 3,
        "retry_exponential_backoff": 2.0,
        "retry_policy": ONLY_WHAT_TIME_MENDS,
        "on_success_callback": forget_failure,
        "on_skipped_callback": forget_failure,  # it found nothing to do: that, it can
        **others,
    }
