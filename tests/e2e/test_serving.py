"""The serving PostgreSQL after a whole night, and a night without it."""

from __future__ import annotations

import shutil
from dataclasses import replace
from datetime import date
from pathlib import Path

from pipelines.night import run_night
from pipelines.publish import publish
from pipelines.serve import serve
from tests.door import Door, readings
from tests.e2e.conftest import Night
from tests.postgres import running_cluster, running_postgres
from tests.serving import assert_served_as_published, rows, tables


def test_every_table_of_the_example_is_served_as_it_is_published(night: Night, tmp_path: Path) -> None:
    with running_postgres(tmp_path) as url:
        settings = replace(night.settings, home=tmp_path, serve_url=url)
        settings.published.parent.mkdir()
        shutil.copy(night.settings.published, settings.published)  # the night's own stays open for others
        served = serve(settings)
        assert served is not None
        assert assert_served_as_published(settings, url) == len(served.rows) > 20
        assert rows(url, "select count(*) from marts.benefit_register")[0][0] > 100


def test_a_night_without_its_serving_database_is_published_and_served_by_the_next_publish(
    door: Door, tmp_path: Path
) -> None:
    feed = door.feed()
    door.drop(readings(3))
    with running_cluster(tmp_path) as cluster:
        settings = replace(door.settings, serve_url=cluster.url)
        cluster.stop()
        night = run_night(settings, {feed.name: feed}, date(2026, 6, 30))
        assert night.published is not None and night.published.file.exists()
        assert [type(failure).__name__ for failure in night.sweep.failures] == ["SourceUnavailable"]
        assert night.sweep.exit_code == 3
        cluster.start()
        assert tables(cluster.url) == set()
        publish(settings)
        serve(settings)
        assert assert_served_as_published(settings, cluster.url) > 20
