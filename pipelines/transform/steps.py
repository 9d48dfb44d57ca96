"""What a build is made of: the project's models, seeds and tests as statements for DuckDB."""

from __future__ import annotations

from dataclasses import dataclass

# Stand in a step's SQL for the inputs of a build (macros/settings.sql), so that the same SQL serves every build.
PLACEHOLDERS = {"as_of": "@as_of@", "known_at": "@known_at@", "known_by": "@known_by@", "seq": "@seq@"}


@dataclass(frozen=True)
class Step:
    """One model, seed or data test: the relation it makes, its SQL (or Python), and the steps it comes after.

    `kind` is table, view, python, seed or test; `log` is the end of all writing, which `running` adds. A test's SQL says how
    many rows are at fault, whether that is an error and whether it is a warning. `needs` are steps, `reads` what no step
    makes. `columns` are those of a mart's dbt contract, as they stand in `create table`.
    """

    name: str
    kind: str
    relation: str
    code: str
    needs: tuple[str, ...] = ()
    reads: tuple[str, ...] = ()
    columns: tuple[tuple[str, str], ...] = ()
    comments: tuple[str, ...] = ()


@dataclass(frozen=True)
class Kinds:
    """What the SQL of a contract's row versions depends on: the kinds of deliveries that there are.

    `mappings` are the distinct sets of columns that deliveries map; a snapshot spares the keys of its rejected rows.
    """

    mappings: tuple[str, ...] = ()
    has_snapshots: bool = False
    has_spared: bool = False
    has_withdrawn: bool = False
