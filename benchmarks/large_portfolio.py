"""A large portfolio, written as a lake: each contract's rows are one query over numbers, the same on every run.

Benefits, their KPIs and their readings go in threes: benefit i is measured by KPI i % 2000 at site i // 2000, monthly
most of them. Outputs, outcomes and benefits lie in a band, each leading to its neighbours, so that every benefit is
reached over diamonds: output -> two outcomes -> each to the same benefits.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

import duckdb

from pipelines.contracts import load_contracts
from pipelines.lake import ContractRows, Lake, Manifest, StoredFile, sha256_of
from pipelines.settings import Settings

AS_OF = date(2026, 6, 30)
FIRST_RECEIPT = datetime(2026, 7, 1)
YEARS_READ = 7
FEED = """
description: A large portfolio.
source: {{kind: landing, pattern: "{name}*.csv"}}
format: {{reader: csv}}
delivers:
  - contract: {name}
    columns: {{{columns}}}
"""


@dataclass(frozen=True)
class Size:
    """How many of each; readings follow from the benefits: about 100 each."""

    benefits: int
    projects: int
    outputs_each: int = 4

    @property
    def outputs(self) -> int:
        return self.projects * self.outputs_each

    @property
    def outcomes(self) -> int:
        return self.outputs // 2


def queries(size: Size) -> dict[str, str]:
    """The rows of each contract."""
    draw = "(hash(i, {0}) % 1000 / 1000.0)".format
    day = "date '{0}' + (hash(i, {1}) % {2})::integer".format
    frequency = "case when i % 50 < 41 then 'month' when i % 50 < 47 then 'quarter' else 'week' end"
    return {
        "objective": "select 'OBJ-' || i as objective_id, 'Objective ' || i as name, 0.05 as weight from range(20) r(i)",
        "project": f"""
            select
                'P-' || i as project_id, 'Project ' || i as name, 'Programme ' || i % 50 as programme,
                'Portfolio ' || i % 5 as portfolio, 'type ' || i % 7 as project_type,
                case when i % 20 = 0 then 'cancelled' when i % 20 < 8 then 'closed' when i % 20 < 18 then 'delivery'
                    else 'business_case' end as stage,
                'Sponsor ' || i % 100 as sponsor, 'Manager ' || i % 300 as manager,
                {day("2020-06-01", 1, 700)} as approved_date, {day("2020-12-01", 1, 700)} as baseline_start,
                {day("2022-06-01", 1, 900)} as baseline_finish, {day("2020-12-15", 1, 700)} as actual_start,
                {day("2022-08-01", 1, 1100)} as forecast_finish,
                case when i % 20 between 1 and 7 then {day("2022-07-01", 1, 800)} end as actual_finish,
                100000 + hash(i, 2) % 900000 as budget, case when i % 10 = 0 then 'EUR' else 'GBP' end as currency
            from range({size.projects}) r(i)""",
        "output": f"""
            select
                'O-' || i as output_id, 'P-' || i // {size.outputs_each} as project_id, 'Output ' || i as name,
                {day("2022-01-01", 3, 900)} as baseline_date, {day("2022-01-20", 3, 950)} as forecast_date,
                case when i % 10 < 8 then {day("2022-01-10", 3, 1000)} end as delivered_date
            from range({size.outputs}) r(i)""",
        "outcome": f"select 'C-' || i as outcome_id, 'Outcome ' || i as name from range({size.outcomes}) r(i)",
        "kpi": f"""
            select
                'KPI-' || i as kpi_id, 'KPI ' || i as name, case when i % 2 = 0 then '%' else 'hours' end as unit,
                {frequency} as frequency, case when i % 50 between 41 and 46 then 'month' end as reading_frequency,
                case when i % 50 between 41 and 46 then 'mean' when i % 5 = 0 then 'mean' else 'last' end as aggregation,
                case when i % 4 = 0 then 'lower' else 'higher' end as direction
            from range(2000) r(i)""",
        "benefit": f"""
            select
                'B-' || i as benefit_id, 'Benefit ' || i as name,
                case when i % 10 = 3 then 'disbenefit' else 'benefit' end as kind,
                case when i % 3 = 0 then 'cashable' else 'non_cashable' end as type, 'category ' || i % 11 as category,
                case when i % 200 > 0 then 'Owner ' || i % 900 end as owner, 'KPI-' || i % 2000 as kpi_id,
                'site-' || i // 2000 as dimension, 50 + {draw(4)} as baseline_value,
                {day("2021-12-01", 5, 900)} as baseline_date,
                case when i % 4 = 0 then 40 else 65 end + {draw(6)} as target_value,
                {day("2023-06-01", 5, 900)} as target_date,
                case when i % 25 = 0 then 48.0 end as do_nothing_value,
                {day("2022-01-01", 5, 900)} as start_date, {day("2027-03-01", 5, 1200)} as end_date,
                case when i % 100 > 4 then 10 + hash(i, 7) % 1000 end as unit_value,
                case when i % 10 = 0 then 'EUR' else 'GBP' end as currency,
                case when i % 20 = 1 then 'trend' when i % 20 = 2 then 'control' end as counterfactual,
                case when i % 20 = 2 then 'KPI-' || i % 2000 end as control_kpi_id,
                case when i % 20 = 2 then 'site-' || (i // 2000 + 1) % ({size.benefits} // 2000) end as control_dimension,
                {day("2021-06-01", 5, 900)} as approved_date
            from range({size.benefits}) r(i)""",
        "benefit_profile": f"""
            select
                'B-' || i as benefit_id, {day("2022-01-01", 5, 900)} + (point * 120)::integer as date,
                50 + {draw(4)} + (case when i % 4 = 0 then -10 else 15 end) * point / 5.0 as planned_value
            from range(0, {size.benefits}, 5) r(i), range(1, 6) p(point)""",
        "benefit_claim": f"""
            select
                'B-' || i as benefit_id,
                date_trunc('month', {day("2023-06-01", 5, 900)} + (claim * 31)::integer)::date as period_start,
                round(20 * {draw(8)}, 2) as claimed_improvement,
                date_trunc('month', {day("2023-08-01", 5, 900)} + (claim * 31)::integer)::date as claimed_on
            from range(0, {size.benefits}, 10) r(i), range(6) p(claim)""",
        "dependency": f"""
            select * from ({edges(size)})""",
        "cost": f"""
            select
                'P-' || i as project_id, (date '2021-01-01' + to_months(month::integer))::date as period_start,
                'capex' as cost_type, 5000 + hash(i, month) % 9000 as planned_cost,
                case when month < 66 then 5000 + hash(i, month, 1) % 9900 end as actual_cost
            from range({size.projects}) r(i), range(0, 72, 3) m(month)""",
        "project_status": f"""
            select
                'P-' || i as project_id, date '2025-01-31' + (month * 30)::integer as status_date,
                100000 + month * 10000 as planned_value, 95000 + hash(i, month) % 20000 + month * 9800 as earned_value,
                98000 + hash(i, 1, month) % 20000 + month * 9900 as actual_cost
            from range({size.projects}) r(i), range(17) m(month)""",
        "stage_gate": f"""
            select
                'P-' || i as project_id, 'gate ' || gate as gate, {day("2021-01-01", 1, 700)} + (gate * 200)::integer
                    as planned_date,
                case when gate < 5 then {day("2021-01-11", 1, 700)} + (gate * 200)::integer end as actual_date
            from range({size.projects}) r(i), range(6) g(gate)""",
        "risk": f"""
            select
                'R-' || i as risk_id, ['benefit', 'output', 'project'][1 + i % 3] as subject_type,
                ['B-' || i, 'O-' || i, 'P-' || i % {size.projects}][1 + i % 3] as subject_id,
                {draw(9)} as probability, 1000 + hash(i, 10) % 90000 as impact, 'GBP' as currency,
                case when i % 4 = 0 then 'closed' else 'open' end as status
            from range({size.outputs}) r(i)""",
        "resource_allocation": f"""
            select
                'P-' || i as project_id, 'role ' || role as role,
                (date '2026-01-01' + to_months(month::integer))::date as period_start,
                {draw(11)} as planned_fte, {draw(12)} as actual_fte
            from range({size.projects}) r(i), range(2) o(role), range(12) m(month)""",
        "role_capacity": """
            select
                'role ' || i as role, (date '2026-01-01' + to_months(month::integer))::date as period_start,
                2500.0 as capacity_fte
            from range(2) r(i), range(12) m(month)""",
        "fx_rate": """
            select 'EUR' as currency, (date '2019-01-01' + to_months(i::integer))::date as date, 0.85 + i % 7 / 100.0 as rate
            from range(90) r(i)""",
        "kpi_reading": f"""
            select
                'KPI-' || i % 2000 as kpi_id,
                case when i % 50 < 47
                    then (date '{AS_OF}' + 1 - to_months(step::integer))::date
                    else date '2026-06-22' - (7 * (step - 1))::integer
                end as period_start,
                'site-' || i // 2000 as dimension,
                50 + {draw(4)} + case when i % 4 = 0 then -1 else 1 end * greatest(0, 40 - step) / 3.0
                    + hash(i, step) % 1000 / 500.0 as value,
                timestamp '2026-06-30 12:00:00' as reported_at
            from range({size.benefits}) r(i), range(1, {YEARS_READ * 52 + 1}) s(step)
            where i % 50 >= 47 or step <= {YEARS_READ * 12}""",
    }


def edges(size: Size) -> str:
    """Output -> two outcomes -> each to its benefits and to those of its neighbour -> an objective: diamonds everywhere."""
    return f"""
        select
            'output' as from_type, 'O-' || i as from_id, 'outcome' as to_type,
            'C-' || (i // 2 + side) % {size.outcomes} as to_id,
            case when side = 0 then 0.2 end as weight, (i % 40)::integer as lag_days
        from range({size.outputs}) r(i), range(2) s(side)
        union all
        select
            'outcome', 'C-' || (i * {size.outcomes} // {size.benefits} + side) % {size.outcomes}, 'benefit', 'B-' || i,
            case when i % 3 = 0 then 0.4 end, (i % 60)::integer
        from range({size.benefits}) r(i), range(2) s(side)
        union all
        select 'benefit', 'B-' || i, 'objective', 'OBJ-' || i % 20, null, 0 from range({size.benefits}) r(i)"""


def with_chain(contents: dict[str, str], steps: int) -> dict[str, str]:
    """The same network, and a chain of outcomes between the first output and the first benefit."""
    return {
        **contents,
        "outcome": f"""{contents["outcome"]}
            union all select 'LINK-' || i, 'Link ' || i from range({steps}) r(i)""",
        "dependency": f"""
            {contents["dependency"]}
            union all select 'output', 'O-0', 'outcome', 'LINK-0', null, 0
            union all
            select 'outcome', 'LINK-' || i, 'outcome', 'LINK-' || i + 1, null, 0 from range({steps - 1}) r(i)
            union all select 'outcome', 'LINK-{steps - 1}', 'benefit', 'B-0', 0.1, 0""",
    }


def more_readings(number: int, rows: int, size: Size) -> str:
    """A night's readings: half of them of the last month, reported anew, half corrections of any month before."""
    return f"""
        select
            'KPI-' || i % 2000 as kpi_id,
            (date '{AS_OF}' + 1 - to_months(step::integer))::date as period_start,
            'site-' || i // 2000 as dimension,
            61 + hash(i, {number}) % 1000 / 500.0 as value, timestamp '2026-07-01' + to_hours({number}) as reported_at
        from (
            select distinct
                hash(n, {number}) % {size.benefits} as i,
                case when n % 2 = 0 then 1 else 2 + hash(n, {number}, 1) % 80 end as step
            from range({rows * 2}) r(n)
        )
        where i % 50 < 41
        limit {rows}"""


def fill_lake(settings: Settings, contents: dict[str, str]) -> None:
    """A feed a contract, and one delivery of it."""
    for number, (contract, query) in enumerate(contents.items()):
        deliver(settings, contract, number, query)


def deliver(settings: Settings, contract: str, number: int, query: str) -> int:
    """Commit a delivery of the rows of a query to the lake; returns how many there were."""
    lake = Lake.of(settings)
    received = FIRST_RECEIPT + timedelta(minutes=number)
    batch_id = f"{number:016x}"
    path = lake.batch_path(contract, contract, batch_id)
    path.parent.mkdir(parents=True, exist_ok=True)
    types = {column.name: column.type for column in load_contracts(settings.contracts)[contract].columns}
    with duckdb.connect(config={"threads": 2, "preserve_insertion_order": False}) as connection:
        names = [row[0] for row in connection.execute(f"describe {query}").fetchall()]
        cast = ", ".join(f'"{name}"::{types[name]} as "{name}"' for name in names)
        numbered = f"select {cast}, row_number() over () + 1 as _row from ({query})"
        (rows,) = connection.execute(f"copy ({numbered}) to '{path}' (format parquet)").fetchone() or (0,)
    settings.feeds.mkdir(parents=True, exist_ok=True)
    mapped = ", ".join(f"{name}: {name}" for name in names)
    (settings.feeds / f"{contract}.yml").write_text(FEED.format(name=contract, columns=mapped))
    counts = {"counted": rows, "accepted": rows, "rejected": 0, "filtered": 0, "unreadable_keys": 0}
    stored = StoredFile(str(path.relative_to(lake.folder)), sha256_of(path), rows)
    lake.commit(
        Manifest(
            delivery_id=f"{received:%Y%m%dT%H%M%S}-{batch_id}",
            feed=contract,
            name=f"{contract}-{number}.csv",
            sha256=f"{number:064x}",
            size_bytes=0,
            archived=f"{contract}/{number:064x}.csv",
            as_at=None,
            received_at=received,
            mode="delta",
            status="accepted",
            batch_id=batch_id,
            contracts=(ContractRows(contract, "1.0.0", tuple(names), **counts, warnings={}, rows=stored),),
        )
    )
    return int(rows)


def settings_of(folder: Path) -> Settings:
    return Settings(home=folder / "home", feeds=folder / "feeds")
