"""No DAG: where Airflow shows the feed files that cannot be read.

Airflow takes every DAG of a file with an import error out of service. So `ingest.py` leaves broken feeds out, and this
file raises what is wrong with them, by file and key, for as long as it is wrong.
"""

from __future__ import annotations

from pipelines.errors import ConfigError
from pipelines.feeds import readable_feeds
from pipelines.settings import Settings

if faults := readable_feeds(Settings.from_environment().feeds)[1]:
    raise ConfigError("\n".join(faults))
