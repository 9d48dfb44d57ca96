"""One DAG: what is published -> the serving PostgreSQL, for BI tools that speak nothing else.

It runs whenever `warehouse` has published, and is there only where `FRUITION_SERVE_URL` is set. It only reads what is
published, and nothing waits for it: where the server is away it tries on, and readers there see the build before.
"""

from __future__ import annotations

from airflow.sdk import DAG, task

from fruition_airflow import assets
from fruition_airflow.defaults import NO_BACKFILL, task_defaults
from fruition_airflow.notifiers import TellFailedRun
from pipelines.settings import Settings

if Settings.from_environment().serve_url:
    with DAG(
        dag_id="serve",
        description="What is published, copied to the serving PostgreSQL.",
        doc_md=__doc__,
        schedule=[assets.MARTS],
        catchup=False,
        max_active_runs=1,
        allowed_run_types=NO_BACKFILL,
        tags={"serve"},
        default_args=task_defaults(),
        on_failure_callback=TellFailedRun(),
    ):

        @task
        def serve() -> dict[str, int]:
            """Copy the marts, and swap them in; rows a table."""
            from pipelines.serve import serve

            served = serve(Settings.from_environment())
            return served.rows if served else {}

        serve()
