"""Which rows of a delivery go on and which are kept back, and why: exactly one reason a rejected row."""

from __future__ import annotations

import json
from dataclasses import dataclass

import pandas as pd

from pipelines.errors import DeliveryRefused
from pipelines.expectations import Failure
from pipelines.ingest.mapping import Candidate
from pipelines.sql import literal, quoted
from pipelines.workspace import Workspace

KEY_SEPARATOR = "chr(31)"
REJECT_COLUMNS = (
    "contract varchar, _row bigint, column_name varchar, rule varchar, message varchar, raw varchar, key_text varchar"
)


@dataclass(frozen=True)
class Checked:
    """One contract's rows, divided: the view `accepted` in the workspace, and what came of the others."""

    candidate: Candidate
    accepted: str
    rejected: int
    unreadable_keys: int
    warnings: dict[str, int]


def reject_unsound(workspace: Workspace, candidate: Candidate) -> str:
    """Reject malformed records and rows that could not be typed; the view of the rest is what the rules are asked of."""
    name = candidate.contract.name
    workspace.connection.execute(f"create table if not exists rejects ({REJECT_COLUMNS})")
    workspace.connection.execute(
        f"create table bad_{name} (_row bigint, column_name varchar, rule varchar, message varchar)"
    )
    if candidate.faults:
        faults = ", ".join(
            f"({number}, {literal(fault.column)}, {literal(fault.rule)}, {literal(fault.message)})"
            for number, fault in enumerate(candidate.faults)
        )
        workspace.connection.execute(
            f"insert into bad_{name} select c._row, f.col, f.rule, f.message from {candidate.relation} as c "
            f"join (values {faults}) as f (number, col, rule, message) on c._fault = f.number"
        )
    view = f"sound_{name}"
    workspace.connection.execute(
        f"create view {view} as select * exclude (_fault) from {candidate.relation} where _fault is null"
    )
    return view


def reject_failing(workspace: Workspace, candidate: Candidate, sound: str, failures: list[Failure]) -> Checked:
    """Reject the rows that fail a rule of severity error, count those that fail a warning, then the ambiguous ones.

    Raises `DeliveryRefused` where a rule of severity error fails and no row is to blame.
    """
    name = candidate.contract.name
    warnings: dict[str, int] = {}
    for failure in failures:
        check = failure.check
        if check.severity == "warning":
            warnings[check.rule] = workspace.count(f"({failure.rows_query})") if failure.rows_query else 1
        elif failure.rows_query is None:
            raise DeliveryRefused(check.rule, f"{name}: {check.message}.", "Mend the file and send it again.")
        else:
            _reject(workspace, name, failure.rows_query, check.column, check.rule, check.message)
    _reject_ambiguous(workspace, candidate, sound)
    accepted = f"accepted_{name}"
    workspace.connection.execute(
        f"create view {accepted} as select * from {sound} where _row not in (select _row from bad_{name})"
    )
    unreadable = _keep_rejects(workspace, candidate)
    rejected = workspace.count(f"bad_{name}") + len(candidate.table.malformed)
    return Checked(candidate, accepted, rejected, unreadable, warnings)


def _reject(workspace: Workspace, name: str, query: str, column: str | None, rule: str, message: str) -> None:
    workspace.connection.execute(
        f"insert into bad_{name} select distinct _row, $1, $2, $3 from ({query}) "
        f"where _row not in (select _row from bad_{name})",
        [column, rule, message],
    )


def _reject_ambiguous(workspace: Workspace, candidate: Candidate, sound: str) -> None:
    """Rows of one delivery with the same key and `reported_at` but other content: nobody can tell which is meant."""
    contract = candidate.contract
    version = [key.name for key in contract.keys]
    if contract.reported_at in candidate.mapped:
        version.append(str(contract.reported_at))
    by = ", ".join(quoted(name) for name in version)
    others = [quoted(name) for name in candidate.mapped if name not in version]
    if not others:
        return
    same_key = " and ".join(f"s.{quoted(name)} is not distinct from d.{quoted(name)}" for name in version)
    workspace.connection.execute(
        f"create table survivors_{contract.name} as with twice as ("
        f"select {by} from {sound} group by {by} having count(*) > 1) "
        f"select s.* from {sound} as s join twice as d on {same_key} where s._row not in (select _row from bad_{contract.name})"
    )
    query = (
        f"select s._row from survivors_{contract.name} as s join (select {by} from survivors_{contract.name} group by {by} "
        f"having count(distinct row({', '.join(others)})) > 1) as d on {same_key}"
    )
    message = "has the same key as another row of the delivery, but other content"
    _reject(workspace, contract.name, query, None, "ambiguous", message)


def _keep_rejects(workspace: Workspace, candidate: Candidate) -> int:
    """Put the bad rows of a contract among the rejects, with the source's text; return how many have no readable key."""
    contract, table = candidate.contract, candidate.table
    keys = [quoted(key.name) for key in contract.keys]
    complete = " and ".join(f"c.{key} is not null" for key in keys)
    key_text = f" || {KEY_SEPARATOR} || ".join(f"c.{key}::varchar" for key in keys)
    raw = ", ".join(f"{literal(column)}, t.{quoted(column)}" for column in table.columns)
    workspace.connection.execute(
        f"insert into rejects select '{contract.name}', b._row, b.column_name, b.rule, b.message, json_object({raw})::varchar, "
        f"case when {complete} then {key_text} end from bad_{contract.name} as b "
        f"join {candidate.relation} as c on c._row = b._row join {table.relation} as t on t._row = b._row"
    )
    if table.malformed:
        records = pd.DataFrame(
            [(contract.name, m.line, m.column, m.rule, m.message, json.dumps(m.raw), None) for m in table.malformed],
            columns=["contract", "_row", "column_name", "rule", "message", "raw", "key_text"],
        ).astype({"column_name": object, "key_text": object})
        workspace.connection.register("malformed", records)
        workspace.connection.execute("insert into rejects select * from malformed")
        workspace.connection.unregister("malformed")
    return workspace.count(f"(select 1 from rejects where contract = '{contract.name}' and key_text is null)")
