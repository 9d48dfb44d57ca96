"""A small home: two feeds, two nights, and a dbt project that builds in a second.

The project is the real one's macros and some of its models, with a gap mart of its own in place of 34 gap codes: so
hundreds of runs can be stopped, and what stops them meets the real SQL of versions, current rows and gap history.
"""

from __future__ import annotations

import os
import re
import shutil
from datetime import date
from pathlib import Path
from typing import Any

import yaml

from pipelines.settings import REPOSITORY, Settings

CONTRACTS = ("objective", "kpi_reading")
WANTED = ("objective_version", "kpi_reading_version", "objective", "feed_health", "gap_history", "gap_event")
NIGHTS = (date(2026, 6, 29), date(2026, 6, 30))

OWN_MODELS = {
    "core/kpi_reading.sql": "-- One row per reading.\n{{ current_rows('kpi_reading') }}\n",
    "core/forecast_to_record.sql": """-- One row per objective with a weight: a forecast for the build to record.
select
    objective_id as benefit_id,
    {{ as_of() }} as period_start,
    {{ as_of() }} as period_end,
    weight as p10_improvement,
    weight as p50_improvement,
    weight as p90_improvement
from {{ ref('objective') }}
where weight is not null
""",
    "core/open_gap.sql": """-- One row per objective without a weight.
select
    substr(sha256('UNWEIGHTED|objective|' || objective_id), 1, 16) as gap_id,
    'UNWEIGHTED' as gap_code,
    'definition' as gap_class,
    'high' as severity,
    'objective' as subject_type,
    objective_id as subject_id,
    name as subject_name,
    cast(null as varchar) as project_id,
    cast(null as varchar) as benefit_id,
    cast(null as varchar) as output_id,
    cast(null as varchar) as accountable,
    {{ as_of() }} as as_of,
    cast(1 as double) as amount_at_stake,
    cast(null as varchar) as decision,
    {{ as_of() }} as opened_on
from {{ ref('objective') }}
where weight is null
""",
    "marts/realisation_gap.sql": """-- One row per objective without a weight, and what is said of it.
{{ config(materialized='view', contract={'enforced': false}) }}
select
    *,
    'No weight.' as message
from {{ ref('open_gap') }}
""",
    "marts/night.sql": """-- One row: what this build has seen, to be compared with the other tables of the same file.
{{ config(contract={'enforced': false}) }}
select
    {{ as_of() }} as as_of,
    (select count(*) from {{ ref('objective') }}) as objectives,
    (select sum(value) from {{ ref('kpi_reading') }}) as total,
    (select count(*) from {{ source('meta', 'delivery') }}) as deliveries
""",
}

HEADER = "kpi_id,day,value\n"
FIRST = HEADER + "K1,2026-01-05,1\nK2,2026-01-05,2\nK3,2026-01-05,3\nK4,2026-01-05,bad\n"
CORRECTION = HEADER + "K1,2026-01-05,10\nK5,2026-01-05,5\n"
FILES = (
    {
        "register/objectives.csv": "id,name,weight\nO1,Shorter waits,0.5\nO2,Safer care,\nO3,Lower cost,\n",
        "readings/empty.csv": HEADER,
        "readings/first.csv": FIRST,
    },
    {
        "register/objectives.csv": "id,name,weight\nO1,Shorter waits,0.5\nO2,Safer care,0.25\nO4,Happier staff,\n",
        "readings/again.csv": FIRST,
        "readings/correction.csv": CORRECTION,
    },
)


def settings_of(folder: Path) -> Settings:
    """The settings of a small home in a folder: data in `home`, all else beside it."""
    return Settings(
        home=folder / "home",
        feeds=folder / "feeds",
        contracts=folder / "contracts",
        dbt_project=folder / "warehouse",
    )


def furnish(folder: Path) -> Settings:
    """Write feeds, contracts and dbt project of a small home; nothing has been delivered yet."""
    settings = settings_of(folder)
    settings.contracts.mkdir(parents=True)
    for contract in CONTRACTS:
        shutil.copy(REPOSITORY / "expectations" / f"{contract}.yml", settings.contracts)
    _write_feeds(settings.feeds)
    _write_project(settings.dbt_project)
    return settings


def furnish_for_the_real_project(folder: Path) -> Settings:
    """The same feeds for every contract and every model there is."""
    _write_feeds(folder / "feeds")
    return Settings(home=folder / "home", feeds=folder / "feeds")


def deliver(settings: Settings, night: int) -> None:
    """Drop the files of a night (0 or 1) into the landing folder, each a second older than the next."""
    for age, (name, content) in enumerate(FILES[night].items()):
        drop(settings, name, content, 1_780_000_000 + 100 * night + age)


def drop(settings: Settings, name: str, content: str, changed_at: int | None = None) -> None:
    """Put one file into the landing folder as an atomic sender does: whole, by a rename."""
    path = settings.landing / name
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.part")
    part.write_text(content)
    if changed_at is not None:
        os.utime(part, (changed_at, changed_at))
    part.rename(path)


def _write_feeds(folder: Path) -> None:
    folder.mkdir(parents=True)
    common: dict[str, Any] = {"source": {"kind": "landing"}, "format": {"reader": "csv"}, "arrival": "atomic"}
    readings = {"kpi_id": "kpi_id", "period_start": "day", "value": "value"}
    objectives = {"objective_id": "id", "name": "name", "weight": "weight"}
    feeds: dict[str, dict[str, Any]] = {
        "readings": {
            "tolerance": {"rejected_rows": "50%"},
            "delivers": [{"contract": "kpi_reading", "columns": readings}],
        },
        "register": {"mode": "snapshot", "delivers": [{"contract": "objective", "columns": objectives}]},
    }
    for name, keys in feeds.items():
        (folder / f"{name}.yml").write_text(yaml.safe_dump({**common, **keys}))


def _write_project(folder: Path) -> None:
    real = REPOSITORY / "warehouse"
    for name in ("analyses", "macros", "tests/generic"):
        shutil.copytree(real / name, folder / name)
    for name in ("dbt_project.yml", "profiles.yml", "models/sources.yml", "seeds/gap_catalogue.csv"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(real / name, folder / name)
    seed = yaml.safe_load((real / "seeds/gap_catalogue.yml").read_text())
    (folder / "seeds/gap_catalogue.yml").write_text(yaml.safe_dump(_untested(seed)))
    profile = folder / "profiles.yml"
    profile.write_text(profile.read_text().replace("threads: 2", "threads: 1"))
    for name, text in OWN_MODELS.items():
        (folder / "models" / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / "models" / name).write_text(text)
    for name in WANTED:
        _copy_model(real, folder, name)


def _copy_model(real: Path, folder: Path, name: str) -> None:
    """Copy a model of the real project, with its description but without its tests, and whatever it refers to."""
    found = next((real / "models").glob(f"*/{name}.sql"), None)
    if found is None:  # a seed
        return
    to = folder / found.relative_to(real)
    if to.exists():
        return
    to.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(found, to)
    text = found.read_text()
    description = found.with_suffix(".yml")
    if description.exists():
        to.with_suffix(".yml").write_text(yaml.safe_dump(_untested(yaml.safe_load(description.read_text()))))
    present = {path.stem for path in folder.rglob("*.sql")} | {path.stem for path in folder.rglob("*.csv")}
    for other in re.findall(r"""ref\(["'](\w+)["']\)""", text):
        if other not in present:
            _copy_model(real, folder, other)


def _untested(description: Any) -> Any:
    if isinstance(description, dict):
        return {key: _untested(value) for key, value in description.items() if key != "data_tests"}
    return [_untested(entry) for entry in description] if isinstance(description, list) else description
