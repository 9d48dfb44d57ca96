"""Benefits that nobody measures (3.8, measurement)."""

from __future__ import annotations

from datetime import date, timedelta

from tests.warehouse.reference.calendar import end_of_period, start_of_period
from tests.warehouse.reference.facts import Benefit, Kpi
from tests.warehouse.reference.gaps.gap import Rules
from tests.warehouse.reference.realisation import Realisation


def _kpi_and_start(found: Realisation, benefit: Benefit) -> tuple[Kpi, date] | None:
    kpi = found.world.kpis.get(benefit.kpi_id or "")
    return None if kpi is None or benefit.start_date is None else (kpi, benefit.start_date)


def _is_long_over(found: Realisation, kpi: Kpi, period: date) -> bool:
    """Whether the period that starts on `period` ended more than the KPI's days of grace ago."""
    end = end_of_period(period, kpi.frequency)
    return end + timedelta(days=kpi.grace_days) < found.world.settings.as_of


def _delivered_not_measured(found: Realisation, benefit: Benefit) -> bool:
    asked, delivery = _kpi_and_start(found, benefit), found.deliveries[benefit.benefit_id]
    if asked is None or not delivery.is_enabled or delivery.enabled_on is None:
        return False
    kpi, start = asked
    fiscal = found.world.settings.fiscal_year_start
    first = start_of_period(max(start, delivery.enabled_on), kpi.frequency, fiscal)
    return _is_long_over(found, kpi, first) and not any(m.period_start >= first for m in found.measured(benefit))


def _stale_measure(found: Realisation, benefit: Benefit) -> bool:
    asked, measured = _kpi_and_start(found, benefit), found.measured(benefit)
    if asked is None or not measured:
        return False
    if benefit.verified_date is None and _delivered_not_measured(found, benefit):
        return False
    kpi, start = asked
    following = measured[-1].period_end + timedelta(days=1)
    due = start_of_period(max(start, following), kpi.frequency, found.world.settings.fiscal_year_start)
    return _is_long_over(found, kpi, due)


LIVE: Rules = {"DELIVERED_NOT_MEASURED": _delivered_not_measured}
STANDING: Rules = {"STALE_MEASURE": _stale_measure}
"""Asked of verified benefits too."""
