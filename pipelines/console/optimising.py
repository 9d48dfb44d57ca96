"""A portfolio selection on the screen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.markup import escape

from pipelines.console import out, table

if TYPE_CHECKING:
    from pipelines.optimise import Optimised

NEARLY = 1e-9


def print_optimised(found: Optimised) -> None:
    """What is selected and worth what, why the others are not, the frontier, and what a little more would add."""
    selected = [row for row in found.candidates if row["is_selected"]]
    within = "without a budget limit" if found.budget is None else f"within {_money(found, found.budget)}"
    out.print(
        f"As of {found.as_of}, {within}: {len(selected)} of {len(found.candidates)} ideas and business cases, "
        f"worth {_money(found, found.value)} for {_money(found, found.cost)}."
    )
    for role, fte in found.role_capacity.items():
        out.print(f"Asked with {fte:g} FTE of {escape(role)}.")
    if found.value_bound > found.value * (1 + NEARLY):
        out.print(f"[yellow]Not proven to be the best[/]: none is worth more than {_money(found, found.value_bound)}.")
    _print_selected(found)
    _print_left_out(found)
    _print_frontier(found)
    _print_marginals(found)
    if found.is_kept:
        out.print("Every build answers this question from now on, in marts.portfolio_selection: `fruition build`.")


def _print_selected(found: Optimised) -> None:
    shown = table("Selected", "project", "~name", "stage", ">forecast NPV", ">alignment", ">value", ">cost")
    for row in found.candidates:
        if row["is_selected"]:
            amounts = (f"{row['forecast_npv']:,.0f}", f"{row['alignment']:.3f}", f"{row['value']:,.0f}")
            name = escape(row["project_name"] or "")
            shown.add_row(escape(row["project_id"]), name, row["stage"], *amounts, f"{row['forecast_cost']:,.0f}")
    if shown.row_count:
        out.print(shown)


def _print_left_out(found: Optimised) -> None:
    shown = table("Not selected", "project", "~name", "stage", "~why")
    for row in found.candidates:
        if not row["is_selected"]:
            name = escape(row["project_name"] or "")
            shown.add_row(escape(row["project_id"]), name, row["stage"], escape(row["reason"] or ""))
    if shown.row_count:
        out.print(shown)


def _print_frontier(found: Optimised) -> None:
    """The steps at which the set changes, and the one asked about."""
    shown = table("What other budgets would buy", ">budget", ">value", ">added", ">cost", ">projects", "~selected")
    before: list[str] | None = None
    for step in found.frontier:
        if step["selected"] != before or step["budget"] == found.budget:
            mark = " ←" if step["budget"] == found.budget else ""
            figures = (f"{step['value']:,.0f}", f"{step['added_value'] or 0:,.0f}", f"{step['cost']:,.0f}")
            shown.add_row(
                f"{step['budget']:,.0f}{mark}", *figures, str(step["projects"]), escape(", ".join(step["selected"]))
            )
        before = step["selected"]
    out.print(shown)


def _print_marginals(found: Optimised) -> None:
    shown = table("What a little more would add", "~constraint", ">more", ">value", "~in", "~out")
    for one in found.marginals:
        more = f"{one.more:g} FTE" if one.is_role else _money(found, one.more)
        if one.added_value:
            changes = (escape(", ".join(one.added)), escape(", ".join(one.removed)))
            shown.add_row(escape(one.constraint), more, f"{one.added_value:,.0f}", *changes)
    if shown.row_count:
        out.print(shown)
    elif found.marginals:
        out.print("Neither one per cent more budget nor one more person of any role would add anything.")


def _money(found: Optimised, amount: float) -> str:
    return f"{found.currency} {amount:,.0f}"
