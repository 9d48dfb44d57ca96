"""The explanation of a gap on the screen: readable at 80 columns, and short where a chain is long."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from rich.markup import escape
from rich.padding import Padding
from rich.table import Table

from pipelines.console import COLOURS, Row, coloured, out

if TYPE_CHECKING:
    from pipelines.explain import Chain, Explanation, Source

MOST_BENEFITS = 4
MOST_LESSONS = 4
MOST_OUTPUTS = 6
MOST_READINGS = 6
MOST_CLAIMS = 6
MOST_ROWS = 12
MOST_COLUMNS = 4
COMPLETE = "--json has all"
HIDDEN = {"fact", "source", "said_by", "known_from", "description", "commentary"}
ARROW = " → "
MOMENT = re.compile(r"(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d):\d\d(?:\.\d+)?$")  # as JSON has it


def print_explanation(found: Explanation, currency: str) -> None:
    """The sentence, the figures, the chain and the files."""
    _print_gap(found, currency)
    if found.figures:
        _heading("Figures")
        _print_pairs((figure.label, _measured(figure.value, figure.unit)) for figure in found.figures)
    _print_lessons(found.lessons)
    _print_rows(found.rows)
    _print_facts(found)
    focus = found.gap["subject_id"] if found.gap["subject_type"] == "output" else None
    for chain in found.chains[:MOST_BENEFITS]:
        _print_chain(chain, focus, currency)
    _print_more(len(found.chains) - MOST_BENEFITS, "benefit", 0)
    _print_links(found)
    _print_files(found)


def _print_gap(found: Explanation, currency: str) -> None:
    gap = found.gap
    severity = coloured(gap["severity"] or "", COLOURS)
    code = gap["gap_code"] or "A gap of a code that was not recorded"
    out.print(f"{severity} [bold]{code}[/] {_text(gap.get('title'))} [dim]{gap['gap_id']}[/]")
    if found.is_open:
        out.print(Padding(_text(gap["message"]), (0, 0, 1, 0), expand=False))
    else:
        out.print(
            f"[bold]Not open any more[/]: {_text(gap['subject_name'] or gap['subject_id'] or gap['gap_id'])}; its life is below."
        )
    _print_pairs(
        pair
        for pair in (
            (
                "subject",
                f"{gap['subject_type']} {gap['subject_id']}: {gap['subject_name'] or 'without a name'}"
                if gap["subject_id"]
                else None,
            ),
            ("class", gap.get("gap_class")),
            ("accountable", gap.get("accountable")),
            ("at stake" if found.is_open else "most at stake", _measured(gap["amount_at_stake"], currency)),
            ("as of", _plain(gap.get("as_of"))),
            ("open since" if found.is_open else "last opened", _plain(gap["opened_on"])),
            ("decision", gap.get("decision") or ("none" if found.is_open else None)),
            ("next step", gap.get("next_step")),
            *(("spell", _spell(spell, currency)) for spell in found.spells),
        )
        if pair[1]
    )


def _spell(spell: Row, currency: str) -> str:
    closed = spell.get("closed_on")
    ended = f"to {_plain(closed)}" if closed else "and open"
    worst = f"{spell['highest_severity']} at its worst" if spell.get("highest_severity") else ""
    dearest = _measured(spell.get("greatest_amount_at_stake"), currency)
    return _joined([f"{_plain(spell['opened_on'])} {ended}", worst, dearest and f"up to {dearest} at stake"])


def _print_lessons(lessons: list[Row]) -> None:
    if not lessons:
        return
    _heading("Learnt of such gaps")
    for lesson in lessons[:MOST_LESSONS]:
        told = ": ".join(text for text in (lesson["title"], lesson["recommendation"]) if text)
        _line(f"{lesson['lesson_id']} {told}")
    _print_more(len(lessons) - MOST_LESSONS, "lesson", 1)


def _print_rows(rows: list[Row]) -> None:
    if not rows:
        return
    _heading("Where the figures came from")
    for row in rows[:MOST_ROWS]:
        key = " ".join(_plain(value) for value in row["key"].values() if value not in (None, ""))
        stale = "" if row["current"] else " (no longer, or not alone, what is current)"
        _line(f"{row['contract']} {key}{stale}: {place(row['source'])}")
    _print_more(len(rows) - MOST_ROWS, "row", 1)


def _print_facts(found: Explanation) -> None:
    outputs = [fact for fact in found.facts if fact["fact"] == "output"]
    for fact in [fact for fact in found.facts if fact["fact"] != "output"] + outputs[:MOST_OUTPUTS]:
        _heading(f"{fact['fact'].capitalize()} {_name(fact)}")
        told = (
            f"{column.replace('_', ' ')} {_plain(value)}"
            for column, value in fact.items()
            if column not in HIDDEN | {"name"} and value not in (None, "")
        )
        _line(" · ".join(told))
        for line in _places(fact):
            _line(line, dim=True)
    _print_more(len(outputs) - MOST_OUTPUTS, "output", 0)


def _print_chain(chain: Chain, focus: str | None, currency: str) -> None:
    benefit, unit = chain.benefit, (chain.kpi or {}).get("unit")
    _heading(f"{(benefit['kind'] or 'benefit').capitalize()} {benefit['benefit_id']} {benefit['name'] or ''}")
    pairs = (*_plan(benefit, unit, currency), *_measure(chain, unit), *_claims(chain, unit, currency))
    _print_pairs(pair for pair in pairs if pair[1])
    shown = [output for output in chain.outputs if focus in (None, output["output_id"])]
    if not chain.outputs:
        _line("No output leads to it.")
    for output in shown[:MOST_OUTPUTS]:
        _print_output(output)
    if focus and len(chain.outputs) > len(shown):
        _line(f"{len(chain.outputs) - len(shown)} other outputs lead to it too; {COMPLETE}.", dim=True)
    _print_more(len(shown) - MOST_OUTPUTS, "output", 1)


def _plan(benefit: Row, unit: str | None, currency: str) -> Iterator[tuple[str, str]]:
    baseline = _joined([_measured(benefit["baseline_value"], unit) or "no baseline", _plain(benefit["baseline_date"])])
    target = _measured(benefit["target_value"], unit) or "no target"
    by = f" by {_plain(benefit['target_date'])}" if benefit["target_date"] else ", without a date"
    yield "plan", f"from {baseline} to {target}{by}"
    runs = f"starts {_plain(benefit['start_date']) or 'on no date'}"
    yield "runs", _joined([runs, benefit["last_day"] and f"ends {_plain(benefit['last_day'])}", _knots(benefit)])
    value = _measured(benefit["unit_value"], benefit["currency"] or currency)
    yield "value", f"{value} for one KPI unit ({unit or 'unknown'}) held for one period" if value else "none given"
    yield "owner", benefit["owner"] or "nobody"
    yield "delivery", _delivery(benefit)
    yield from (("registered in", line) for line in _places(benefit))


def _knots(benefit: Row) -> str:
    return f"profile of {len(benefit['profile'])} points" if benefit["profile"] else ""


def _delivery(benefit: Row) -> str:
    if not benefit["upstream_outputs"]:
        return ""
    upstream = benefit["upstream_outputs"]
    counts = f"{upstream} output{'' if upstream == 1 else 's'} upstream, {benefit['enabling_outputs']} of them enabling"
    moved = f"which moves the plan by {_days(benefit['delay_days'])}" if benefit["delay_days"] else ""
    verb = "enabled since" if benefit["is_enabled"] else "to be enabled on"
    return _joined([counts, benefit["enabled_on"] and f"{verb} {_plain(benefit['enabled_on'])}", moved])


def _measure(chain: Chain, unit: str | None) -> Iterator[tuple[str, str]]:
    if chain.kpi is None:
        yield "KPI", f"{chain.benefit['kpi_id']}, of which nothing is known" if chain.benefit["kpi_id"] else "none"
        return
    kpi, part = chain.kpi, chain.benefit["dimension"]
    of = f"{part} of " if part else ""
    yield (
        "KPI",
        _joined(
            [
                f"{of}{kpi['kpi_id']} {kpi['name']}",
                f"in {kpi['unit']}",
                f"by {kpi['frequency']}",
                f"owner {kpi['owner'] or 'nobody'}",
            ]
        ),
    )
    yield from (("KPI defined in", line) for line in _places(kpi))
    if chain.period:
        yield "latest period", _period(chain.period, unit)
        yield "without the change", _without(chain.period, unit)
    elif chain.last_reading:
        yield "measured", "in no period since its start; the newest reading of the KPI at all:"
    else:
        yield "measured", "never: no reading has come"
    for reading in [*chain.readings[:MOST_READINGS], *([chain.last_reading] if chain.last_reading else [])]:
        yield "reading", _reading(reading, unit)
    if len(chain.readings) > MOST_READINGS:
        yield "", f"and {len(chain.readings) - MOST_READINGS} more readings of the period; {COMPLETE}"


def _period(period: Row, unit: str | None) -> str:
    named = (("planned", "planned_value"), ("due after delays", "rephased_value"), ("measured", "actual_value"))
    figures = [f"{name} {_measured(period[column], unit)}" for name, column in named if period[column] is not None]
    return _joined([f"{_plain(period['period_start'])} to {_plain(period['period_end'])}", *figures, period["rag"]])


def _without(period: Row, unit: str | None) -> str:
    """What would have been anyway, and what that leaves to the change. Empty before its outputs worked."""
    used, change = period["counterfactual_used"], _change_unit(unit)
    if used is None:
        return ""
    told = (
        "a trend too old to say" if used == "expired" else f"{used} {_measured(period['counterfactual_value'], unit)}"
    )
    bounds = [_measured(period[f"attributable_{end}"], change) for end in ("low", "high")]
    interval = f" (95%: {bounds[0]} to {bounds[1]})" if all(bounds) else ""
    attributable = _measured(period["attributable_improvement"], change)
    grade = f"evidence of grade {period['evidence_grade']}" if period["evidence_grade"] else ""
    return _joined([told.strip(), attributable and f"attributable {attributable}{interval}", grade])


def _measured_then(period: Row | None, unit: str | None) -> str:
    if period is None or period["actual_improvement"] is None:
        return "nothing"
    improvement = f"an improvement of {_measured(period['actual_improvement'], _change_unit(unit))}"
    return _joined([improvement, _without(period, unit), place(period["source"])])


def _change_unit(unit: str | None) -> str | None:
    return "points" if unit == "%" else unit


def _claims(chain: Chain, unit: str | None, currency: str) -> Iterator[tuple[str, str]]:
    for claim in chain.claims[:MOST_CLAIMS]:
        amount = _measured(claim["claimed_amount"], chain.benefit["currency"] or currency)
        said = [_measured(claim["claimed_improvement"], _change_unit(unit)), amount]
        made = claim["claimed_on"] and f"on {_plain(claim['claimed_on'])}"
        approved = claim["approved_by"] and f"approved by {claim['approved_by']}"
        yield "claimed", f"{_plain(claim['period_start'])}: {_joined([*said, made, approved, place(claim['source'])])}"
        yield "measured then", _measured_then(claim["period"], unit)
    if len(chain.claims) > MOST_CLAIMS:
        yield "", f"and {len(chain.claims) - MOST_CLAIMS} earlier claims; {COMPLETE}"


def _reading(reading: Row, unit: str | None) -> str:
    status = str(reading.get("reading_status") or "used")
    why = "" if status == "used" else f" ({status.replace('_', ' ')})"
    value = _measured(reading["value"], reading["unit"] or unit)
    return f"{_plain(reading['period_start'])}: {value}{why}, {place(reading['source'])}"


def _print_output(output: Row) -> None:
    _line(f"[bold]Output {_text(output['output_id'])}[/] {_text(output['output_name'])}", markup=True)
    project = f"{output['project_id']} {output['project_name'] or 'of which nothing is known'}"
    _line(
        _joined([f"project {project}", output["project_stage"], f"manager {output['project_manager'] or 'nobody'}"]), 2
    )
    dates = (("due", "baseline_date"), ("forecast", "forecast_date"), ("delivered", "delivered_date"))
    slip = output["slip_days"]
    moved = f"{_days(abs(slip))} {'late' if slip > 0 else 'early'}" if slip else ""
    told = [f"{name} {_plain(output[column])}" for name, column in dates if output[column]]
    _line(_joined([(output["output_status"] or "").replace("_", " "), *told, moved]), 2)
    enabling = "enabling" if output["is_enabling"] else "not enabling"
    share = _joined([f"share {_number(output['share'])}", f"lag {_days(output['lag_days'])}", enabling])
    _line(share + _path(output["path_links"], output["path_count"]), 2)
    for line in _places(output):
        _line(line, 2, dim=True)


def _path(links: list[Row], count: int | None) -> str:
    if not links:
        return ""
    steps = [f"{link['to_type']} {link['to_name'] or link['to_id']} ({_carried(link)})" for link in links]
    others = (count or 1) - 1
    more = f"; {others} other path{'' if others == 1 else 's'}" if others else ""
    return f": {ARROW.join(['output', *steps])}{more}"


def _carried(link: Row) -> str:
    weight = "an equal share" if link["weight"] is None else f"weight {_number(link['weight'])}"
    return f"{weight}, {_days(link['lag_days'])}" if link["lag_days"] else weight


def _print_links(found: Explanation) -> None:
    """The links around a subject; a benefit's and an output's stand in the chain, unless there is none."""
    if not found.links or (found.gap["subject_type"] in {"benefit", "output"} and any(c.outputs for c in found.chains)):
        return
    _heading("Links")
    for link in found.links[:MOST_ROWS]:
        ends = [
            f"{link[f'{end}_type']} {link[f'{end}_id']} {link[f'{end}_name'] or '(unknown)'}" for end in ("from", "to")
        ]
        _line(f"{ARROW.join(ends)} ({_carried(link)}): {place(link['source'])}")
    _print_more(len(found.links) - MOST_ROWS, "link", 1)


def _print_files(found: Explanation) -> None:
    """The files that what is shown rests on, by where the archive keeps them."""
    files = {(source.feed, source.batch_id): source for source in _sources(found)}
    if not files:
        return
    _heading("Files")
    for (feed, batch_id), source in sorted(files.items()):
        received = f"received {_plain(source.received_at)}" if source.received_at else "its delivery is not known"
        times = f"delivered {source.deliveries} times" if source.deliveries > 1 else ""
        _line(_joined([f"{feed}/{source.file or batch_id}", received, times]))
        _line(source.archived or f"not in the archive any more{_because(source)}", 2, dim=True)


def _because(source: Source) -> str:
    return f": {source.removed}" if source.removed else ""


def _sources(found: Explanation) -> Iterator[Source]:
    """The sources of what is printed."""
    facts: list[Row] = [*found.rows[:MOST_ROWS], *found.facts]
    for chain in found.chains[:MOST_BENEFITS]:
        facts += [chain.benefit, *chain.outputs[:MOST_OUTPUTS], *chain.readings[:MOST_READINGS]]
        facts += chain.claims[:MOST_CLAIMS]
        facts += [claim["period"] for claim in chain.claims[:MOST_CLAIMS] if claim["period"]]
        facts += [row for row in (chain.kpi, chain.last_reading) if row]
    for fact in facts:
        said = [voice["source"] for voice in fact.get("said_by") or []]
        yield from (source for source in [fact.get("source"), *said] if source)


def place(source: Source | None) -> str:
    """Where a row came from: feed, file and line."""
    if source is None:
        return "no row says so"
    where = f"{source.feed}/{source.file or source.batch_id}"
    return where if source.row is None else f"{where} line {source.row}"


def _places(fact: Row) -> list[str]:
    """Where a fact came from: a line for each feed that has a say in it, with the columns that it speaks for."""
    voices = [voice for voice in fact.get("said_by") or [] if voice["columns"]]
    return [f"{place(voice['source'])} ({_named_columns(voice['columns'])})" for voice in voices] or [
        place(fact["source"])
    ]


def _named_columns(columns: list[str]) -> str:
    named = ", ".join(name.replace("_", " ") for name in columns[:MOST_COLUMNS])
    return f"{named} and {len(columns) - MOST_COLUMNS} more" if len(columns) > MOST_COLUMNS else named


def _heading(text: str) -> None:
    out.print(f"\n[bold underline]{escape(text)}[/]")


def _line(text: str, indent: int = 1, *, dim: bool = False, markup: bool = False) -> None:
    out.print(
        Padding(text if markup else escape(text), (0, 0, 0, 2 * indent), style="dim" if dim else "", expand=False)
    )


def _print_more(count: int, noun: str, indent: int) -> None:
    if count > 0:
        _line(f"and {count} more {noun}s; {COMPLETE}.", indent, dim=True)


def _print_pairs(pairs: Iterable[tuple[str, str | None]]) -> None:
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(style="dim", no_wrap=False, max_width=30)
    grid.add_column(overflow="fold")
    for name, value in pairs:
        grid.add_row(escape(name), escape(value or "none"))
    out.print(Padding(grid, (0, 0, 0, 2), expand=False))


def _name(fact: Row) -> str:
    key = next((str(value) for name, value in fact.items() if name.endswith("_id") and value), "")
    return " ".join(part for part in (key, fact.get("name") or fact.get("gate") or "") if part)


def _joined(parts: Iterable[str | None]) -> str:
    return ", ".join(part for part in parts if part)


def _text(value: object) -> str:
    return escape(str(value)) if value is not None else ""


def _measured(value: Any, unit: str | None) -> str:
    """A figure with its unit; money has its currency first. Empty where there is none."""
    if value is None:
        return ""
    text = _plain(value)
    if not unit or not isinstance(value, int | float | Decimal):
        return text
    return f"{unit} {text}" if len(unit) == 3 and unit.isupper() else f"{text}{'' if unit == '%' else ' '}{unit}"


def _days(count: int | None) -> str:
    return "1 day" if count == 1 else f"{count or 0} days"


def _plain(value: Any) -> str:
    """A value as people write it; lists and records within evidence are written out."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float | Decimal):
        return _number(value)
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M}"
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, dict):
        return _joined(f"{name.replace('_', ' ')} {_plain(entry)}" for name, entry in value.items())
    if isinstance(value, list):
        return "; ".join(_plain(entry) for entry in value)
    moment = MOMENT.match(str(value))
    return str(value) if moment is None else moment[1] if moment[2] == "00:00" else f"{moment[1]} {moment[2]}"


def _number(value: float | Decimal | None) -> str:
    """A figure as people write it: 43,120 · 86.25 · 0.0042; noise is 0."""
    if value is None:
        return "unknown"
    figure, size = float(value), abs(float(value))
    if size >= 1000:
        return f"{figure:,.0f}"
    if 1e-9 <= size < 0.001:
        return f"{figure:.1e}"
    return f"{figure:.{2 if size >= 1 else 4}f}".rstrip("0").rstrip(".")
