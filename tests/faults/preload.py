"""What the fork server imports once, so that a run in a fork of it costs what the run costs and no more."""

from __future__ import annotations

import dbt.adapters.duckdb
import dbt.cli.main
import great_expectations
import pandas

import pipelines.audit
import pipelines.cli
import pipelines.expectations
import pipelines.ingest.delivery
import pipelines.inquiries
import pipelines.night
import pipelines.transform

IMPORTED = (
    dbt.adapters.duckdb,
    dbt.cli.main,
    great_expectations,
    pandas,
    pipelines.audit,
    pipelines.cli,
    pipelines.expectations,
    pipelines.ingest.delivery,
    pipelines.inquiries,
    pipelines.night,
    pipelines.transform,
)
