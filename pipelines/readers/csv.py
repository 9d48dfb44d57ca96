"""Delimited text -> one table `rows`: framed first, then parsed by DuckDB with nothing left for it to guess."""

from __future__ import annotations

from pathlib import Path

import duckdb
import numpy as np

from pipelines.errors import DeliveryRefused
from pipelines.feeds import CsvFormat
from pipelines.readers.framing import LINE_CAP_BYTES, Framing, frame
from pipelines.readers.tables import Table
from pipelines.sql import literal, quoted
from pipelines.workspace import Workspace

# Left to itself DuckDB takes 16 times the line cap, and the row groups then come out so that all are written twice.
BUFFER_BYTES = 8 << 20
PARSE = """
create table parsed as
select * from read_csv(
    $file, columns = {{{columns}}}, auto_detect = false, header = false, delim = {delimiter}, quote = {quote},
    escape = {quote}, new_line = '\\n', nullstr = '', strict_mode = true, null_padding = false,
    max_line_size = {line_cap}, buffer_size = {buffer}, compression = 'none', hive_partitioning = false, parallel = {parallel}
)
"""


def read_csv(source: Path, format: CsvFormat, workspace: Workspace) -> list[Table]:
    """The records of a CSV file as one table; raises `DeliveryRefused` where they cannot be told for certain."""
    framed = workspace.folder / "framed.csv"
    framing = frame(source, format, framed)
    _parse(framed, framing, format, workspace.connection)
    framed.unlink()
    _number(framing, workspace.connection)
    return [Table("rows", "rows", framing.header, framing.counted, tuple(framing.malformed))]


def _parse(framed: Path, framing: Framing, format: CsvFormat, connection: duckdb.DuckDBPyConnection) -> None:
    """Parse into `parsed`, whose columns are c0, c1 …: no name in a header can mean anything to the parser.

    DuckDB's parallel reader looks for line ends from the middle of a file, and loses its way among quotes; so what has
    quotes is read in one piece.
    """
    columns = [f"c{number}" for number in range(len(framing.header))]
    if not framing.kept:
        connection.execute(f"create table parsed ({', '.join(f'{name} varchar' for name in columns)})")
        return
    statement = PARSE.format(
        columns=", ".join(f"{name}: 'varchar'" for name in columns),
        delimiter=literal(format.delimiter),
        quote=literal("" if format.quote == "none" else format.quote),
        line_cap=2 * LINE_CAP_BYTES,
        buffer=BUFFER_BYTES,
        parallel=str(not framing.has_quotes).lower(),
    )
    try:
        connection.execute(statement, {"file": str(framed)})
    except duckdb.InvalidInputException as error:
        raise DeliveryRefused(
            "unreadable",
            "The records were counted, but could not be parsed.",
            "Check the delimiter and quote that the feed declares against the file.",
        ) from error


def _number(framing: Framing, connection: duckdb.DuckDBPyConnection) -> None:
    """Give each parsed record its line; rowids follow the order of the file."""
    columns = ", ".join(f"c{number} as {quoted(name)}" for number, name in enumerate(framing.header))
    offsets = np.concatenate(framing.offsets) if framing.offsets else np.zeros((1, 2), np.int64)
    if len(offsets) == 1:
        connection.execute(f"create view rows as select {columns}, rowid + {int(offsets[0, 1])} as _row from parsed")
        return
    connection.register("offsets", {"first": offsets[:, 0], "gap": offsets[:, 1]})
    connection.execute("create table line_offsets as select first::bigint as first, gap::bigint as gap from offsets")
    connection.unregister("offsets")
    connection.execute(
        f"create view rows as select {columns}, parsed.rowid + line_offsets.gap as _row "
        "from parsed asof join line_offsets on parsed.rowid >= line_offsets.first"
    )
