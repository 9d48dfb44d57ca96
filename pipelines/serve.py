"""published -> PostgreSQL: marts and meta for BI tools that speak nothing else, swapped in one transaction.

The copy is made, described and put in the old one's place within one transaction: one that is interrupted leaves
nothing, and whoever reads sees one night or the next. Two moments need care. A statement that names two marts looks
them up one after the other: so the swap happens while nobody reads the old ones. And a reader may see by a snapshot
older than the copy, for which fresh rows would not be there: so they are written frozen, seen by everybody.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import duckdb
import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from pipelines import warehouse
from pipelines.errors import ConfigError, SourceUnavailable
from pipelines.settings import Settings
from pipelines.sql import literal, quoted

SCHEMAS = ("marts", "meta")
MARK = "Served by Fruition"  # the start of the comment on a schema that is ours to replace
MADE = "Each publication replaces it; put nothing of your own here. It holds "  # and then the names of its tables
TURN = 20260625  # the number of the lock that serving processes take in turn
TURN_SECONDS = 600
LOCK_MILLISECONDS = (
    200  # for so long at the most a reader waits for us, and less than PostgreSQL's search for deadlocks
)
PATIENCE_SECONDS = 120.0
PAUSE_SECONDS = 0.5
CHUNK_BYTES = 1 << 20
CONNECTION = {
    "application_name": "fruition",
    "connect_timeout": "10",
    "keepalives_idle": "30",
    "keepalives_interval": "10",
    "keepalives_count": "6",
    "tcp_user_timeout": "90000",
}

# What each type of DuckDB is called in PostgreSQL; DECIMAL(p,s) is numeric(p,s), and what is not here becomes text.
TYPES = {
    "BOOLEAN": "boolean",
    "TINYINT": "smallint",
    "SMALLINT": "smallint",
    "INTEGER": "integer",
    "BIGINT": "bigint",
    "UTINYINT": "smallint",
    "USMALLINT": "integer",
    "UINTEGER": "bigint",
    "UBIGINT": "numeric(20,0)",
    "HUGEINT": "numeric(39,0)",
    "UHUGEINT": "numeric(39,0)",
    "FLOAT": "real",
    "DOUBLE": "double precision",
    "DATE": "date",
    "TIME": "time",
    "TIMESTAMP": "timestamp",
    "TIMESTAMP WITH TIME ZONE": "timestamptz",
    "UUID": "uuid",
    "VARCHAR": "text",
    "JSON": "text",
}

RESTING_ON_US = """
select distinct view.relnamespace::regnamespace || '.' || quote_ident(view.relname)
from pg_depend
join pg_rewrite on pg_rewrite.oid = pg_depend.objid and pg_depend.classid = 'pg_rewrite'::regclass
join pg_class as view on view.oid = pg_rewrite.ev_class
join pg_class as ours on ours.oid = pg_depend.refobjid and pg_depend.refclassid = 'pg_class'::regclass
where ours.relnamespace = to_regnamespace(%(schema)s) and view.relnamespace <> ours.relnamespace
order by 1
"""
# What lies in a schema of ours and we did not make; of one served before the comment named its tables, any table is ours.
OTHERS = """
with schema as (select oid, nspowner from pg_namespace where nspname = %(schema)s)
select relnamespace::regnamespace || '.' || quote_ident(relname) from pg_class join schema on relnamespace = schema.oid
where relkind in ('v', 'm', 'f', 'S', 'c', 'p') or relkind = 'r' and (relowner <> nspowner or relname <> all (%(tables)s))
union all
select pronamespace::regnamespace || '.' || quote_ident(proname) from pg_proc join schema on pronamespace = schema.oid
union all
select typnamespace::regnamespace || '.' || quote_ident(typname) from pg_type join schema on typnamespace = schema.oid
where typtype in ('e', 'd', 'r')
order by 1
"""
TABLES = "select relname from pg_class where relnamespace = to_regnamespace(%(schema)s) and relkind = 'r'"
# Row security would go with the old table, and everybody would see every row.
WITH_ROW_SECURITY = """
select relname from pg_class where relnamespace = to_regnamespace(%(schema)s) and relrowsecurity order by 1
"""
USERS = """
select distinct pg_get_userbyid(privilege.grantee), privilege.grantee = 0
from pg_namespace, aclexplode(nspacl) as privilege
where nspname = %(schema)s and privilege.privilege_type = 'USAGE' and privilege.grantee <> nspowner
order by 1
"""
# Who may read which of the tables; `everything` is said of those who may read each one, and so the new ones too.
READERS = """
select table_.relname, pg_get_userbyid(privilege.grantee), privilege.grantee = 0,
       count(*) over (partition by privilege.grantee) = (
           select count(*) from pg_class where relnamespace = to_regnamespace(%(schema)s) and relkind = 'r'
       ) as everything
from pg_class as table_, aclexplode(table_.relacl) as privilege
where table_.relnamespace = to_regnamespace(%(schema)s) and table_.relkind = 'r'
  and privilege.privilege_type = 'SELECT' and privilege.grantee <> table_.relowner
order by 1, 2
"""

Column = tuple[str, str, str | None]  # name, DuckDB's type, description
Server = psycopg.Connection[tuple[object, ...]]


@dataclass(frozen=True)
class Served:
    """What was copied: rows a table, and how long it took in seconds."""

    rows: dict[str, int]
    seconds: float


def serve(settings: Settings) -> Served | None:
    """Copy what is published to the serving PostgreSQL; None where none is set.

    Raises `SourceUnavailable` where the server cannot be had, or readers do not let go of the old tables in time: what
    it served before stays, and the next `fruition publish` tries again. Raises `ConfigError` where it is not ours to
    write, or the role may not.
    """
    if settings.serve_url is None:
        return None
    started = time.monotonic()
    with _naming_what_failed(), _connected(settings.serve_url) as server:
        server.execute(f"set lock_timeout = '{TURN_SECONDS}s'")
        server.execute("select pg_advisory_xact_lock(%s)", [TURN])
        server.execute(f"set lock_timeout = '{LOCK_MILLISECONDS}ms'")
        _guard_ours(server)
        with warehouse.closing_connection(settings.published, read_only=True) as source:
            rows = _copy(server, source, settings.published.with_name(".serve.csv.part"))
            mark = f"{MARK}: {_build(source)}. {MADE}"
        _carry_grants_over(server)
        _lock_readers_out(server)
        _refuse_to_lose(server)  # what was made while we copied
        for schema in SCHEMAS:
            if _exists(server, schema):
                _execute(server, "alter schema {} rename to {}", schema, f"{schema}_old")
            _execute(server, "alter schema {} rename to {}", f"{schema}_new", schema)
            said = f"{mark}{', '.join(sorted(_tables_of(server, schema)))}."
            server.execute(sql.SQL("comment on schema {} is {}").format(sql.Identifier(schema), sql.Literal(said)))
        server.commit()
        with suppress(psycopg.errors.LockNotAvailable):  # then it goes next time
            _drop_old(server)
            server.commit()
    return Served(rows, time.monotonic() - started)


def served_build(url: str) -> str | None:
    """Which build the server has, in words; None where nothing was served yet. Raises as `serve` does."""
    with _naming_what_failed(), _connected(url) as server:
        comment = _comment(server, SCHEMAS[0])
    return comment.removeprefix(f"{MARK}: ").partition(".")[0] if comment and comment.startswith(MARK) else None


def published_build(settings: Settings) -> str:
    """Which build is published, in the same words."""
    with warehouse.closing_connection(settings.published, read_only=True) as source:
        return _build(source)


@contextmanager
def _naming_what_failed() -> Iterator[None]:
    """The server's errors, by who can mend them. Its messages name roles, hosts and tables, but no value and no secret."""
    try:
        yield
    except psycopg.errors.InsufficientPrivilege as error:
        raise ConfigError(
            f"The serving PostgreSQL refuses: {_first_line(error)}. Let the role of FRUITION_SERVE_URL own a database."
        ) from error
    except psycopg.errors.LockNotAvailable as error:
        raise SourceUnavailable(
            "Another process has been serving for too long, or somebody reads the old tables: run `fruition publish` later."
        ) from error
    except (psycopg.OperationalError, psycopg.InterfaceError) as error:
        raise SourceUnavailable(
            f"The serving PostgreSQL cannot be had: {_first_line(error)}. "
            "What is published stays; `fruition publish` tries to serve it again."
        ) from error
    except psycopg.Error as error:
        raise ConfigError(f"The serving PostgreSQL refuses ({type(error).__name__}): {_first_line(error)}.") from error


def _first_line(error: psycopg.Error) -> str:
    return str(error).partition("\n")[0].rstrip(".") or type(error).__name__


@contextmanager
def _connected(url: str) -> Iterator[Server]:
    """A connection whose transaction is committed by hand; what is not, is undone."""
    try:
        given = conninfo_to_dict(url)
    except psycopg.ProgrammingError:
        raise ConfigError("FRUITION_SERVE_URL cannot be read: give postgresql://user:password@host/database.") from None
    ours = {name: value for name, value in CONNECTION.items() if name not in given}
    connection = psycopg.connect(make_conninfo(url, **ours))
    try:
        yield connection
    finally:
        connection.close()


def _guard_ours(server: Server) -> None:
    """Nothing is replaced that is not ours, and nothing is lost that somebody made to rest on it."""
    _drop_old(server)
    for schema in SCHEMAS:
        comment = _comment(server, schema)
        if _exists(server, schema) and not (comment or "").startswith(MARK):
            raise ConfigError(
                f"The serving PostgreSQL has a schema {schema} that is not Fruition's: give FRUITION_SERVE_URL a "
                "database of its own."
            )
    _refuse_to_lose(server)


def _refuse_to_lose(server: Server) -> None:
    """`ConfigError` where something would go with the old tables that others have made in them, or to rest on them."""
    for schema in SCHEMAS:
        made = (_comment(server, schema) or "").partition(MADE)[2].removesuffix(".")
        tables = made.split(", ") if made else _tables_of(server, schema)
        others = [str(name) for (name,) in server.execute(OTHERS, {"schema": schema, "tables": tables})]
        if others:
            raise ConfigError(
                f"In the served schemas, which each publication replaces, lies what Fruition did not make: "
                f"{', '.join(others)}. Drop it, or move it into a schema of your own; put a view's query into the BI tool."
            )
        resting = [str(name) for (name,) in server.execute(RESTING_ON_US, {"schema": schema})]
        if resting:
            raise ConfigError(
                f"Views rest on the served tables, which each publication replaces: {', '.join(resting)}. "
                "Drop them, and put their queries into the BI tool."
            )
        secured = [f"{schema}.{name}" for (name,) in server.execute(WITH_ROW_SECURITY, {"schema": schema})]
        if secured:
            raise ConfigError(
                f"Row security on the served tables would be lost with them: {', '.join(secured)}. Disable it, and revoke "
                "what nobody may see; or limit rows in the BI tool."
            )


def _copy(server: Server, source: duckdb.DuckDBPyConnection, file: Path) -> dict[str, int]:
    """Every published table into a fresh schema, with its comments; rows a table. DuckDB writes the text, psycopg sends it."""
    rows = {}
    try:
        for schema in SCHEMAS:
            _execute(server, "create schema {}", f"{schema}_new")
            for name, comment in _tables(source, schema):
                target = sql.Identifier(f"{schema}_new", name)
                columns = _columns(source, schema, name)
                _create(server, target, columns)
                _describe(server, target, comment, columns)
                values = ", ".join(_text(column, type_) for column, type_, _ in columns)
                source.execute(
                    f"copy (select {values} from {schema}.{quoted(name)}) to {literal(str(file))} "
                    "(format csv, header false, force_quote *)"  # what is null is the only thing without quotes
                )
                rows[f"{schema}.{name}"] = _send(server, target, file)
                server.execute(sql.SQL("analyze {}").format(target))
    finally:
        file.unlink(missing_ok=True)
    return rows


def _create(server: Server, target: sql.Identifier, columns: list[Column]) -> None:
    definition = sql.SQL(", ").join(
        sql.SQL("{} {}").format(sql.Identifier(column), sql.SQL(_type(type_))) for column, type_, _ in columns
    )
    server.execute(sql.SQL("create table {} ({})").format(target, definition))


def _describe(server: Server, target: sql.Identifier, comment: str | None, columns: list[Column]) -> None:
    server.execute(sql.SQL("comment on table {} is {}").format(target, sql.Literal(comment)))
    for column, _, said in columns:
        place = sql.SQL("{}.{}").format(target, sql.Identifier(column))
        server.execute(sql.SQL("comment on column {} is {}").format(place, sql.Literal(said)))


def _send(server: Server, target: sql.Identifier, file: Path) -> int:
    command = sql.SQL("copy {} from stdin (format csv, freeze, encoding 'UTF8')").format(target)
    cursor = server.cursor()
    with cursor.copy(command) as copy, file.open("rb") as text:
        while chunk := text.read(CHUNK_BYTES):
            copy.write(chunk)
    return cursor.rowcount


def _type(duckdb_type: str) -> str:
    """What a column of DuckDB's type is in PostgreSQL."""
    if duckdb_type.endswith("[]") and not duckdb_type.endswith("[][]") and _is_simple(duckdb_type[:-2]):
        return f"{_type(duckdb_type[:-2])}[]"
    if duckdb_type.startswith("DECIMAL("):
        return duckdb_type.replace("DECIMAL", "numeric")
    return TYPES.get(duckdb_type, "text")


def _is_simple(duckdb_type: str) -> bool:
    return duckdb_type in TYPES or duckdb_type.startswith("DECIMAL(")


def _text(column: str, duckdb_type: str) -> str:
    """A column as PostgreSQL reads it from text. A list is `{"a","b"}`, each element in quotes but nulls."""
    name = quoted(column)
    if not _type(duckdb_type).endswith("[]"):
        return name if _is_simple(duckdb_type) else f"{name}::varchar"
    escaped = r"""replace(replace(element::varchar, '\', '\\'), '"', '\"')"""
    elements = f"""list_transform({name}, lambda element: coalesce('"' || {escaped} || '"', 'NULL'))"""
    return f"'{{' || array_to_string({elements}, ',') || '}}'"


def _carry_grants_over(server: Server) -> None:
    """Whoever might use the old schema may use the new one; who might read every table also reads those that are new."""
    for schema in SCHEMAS:
        users = server.execute(USERS, {"schema": schema}).fetchall()
        for role, is_public in users:
            _grant(server, sql.SQL("usage on schema {}").format(sql.Identifier(f"{schema}_new")), role, is_public)
        fresh = set(_tables_of(server, f"{schema}_new"))
        allowed: set[tuple[str, object, object]] = set()
        for table, role, is_public, everything in server.execute(READERS, {"schema": schema}).fetchall():
            allowed |= {(name, role, is_public) for name in (fresh if everything else fresh & {str(table)})}
        for name, role, is_public in sorted(allowed, key=str):
            _grant(server, sql.SQL("select on {}").format(sql.Identifier(f"{schema}_new", name)), role, is_public)


def _grant(server: Server, what: sql.Composed, role: object, is_public: object) -> None:
    to = sql.SQL("public") if is_public else sql.Identifier(str(role))
    server.execute(sql.SQL("grant {} to {}").format(what, to))


def _lock_readers_out(server: Server) -> None:
    """Take every old table for ourselves, in one go and only for a blink: who reads one of them is let finish first."""
    old = [
        sql.Identifier(str(schema), str(name))
        for schema, name in server.execute(
            "select schemaname, tablename from pg_tables where schemaname = any(%s) order by 1, 2", [list(SCHEMAS)]
        )
    ]
    if not old:
        return
    until = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            with server.transaction():  # a savepoint: where one table cannot be had, the others are let go
                server.execute(sql.SQL("lock table {} in access exclusive mode").format(sql.SQL(", ").join(old)))
            return
        except (psycopg.errors.LockNotAvailable, psycopg.errors.DeadlockDetected):
            if time.monotonic() > until:
                raise SourceUnavailable(
                    f"Somebody has been reading the served tables in one transaction for {PATIENCE_SECONDS:.0f} s: what "
                    "is served stays as it was. End that session, or give its role an idle_in_transaction_session_timeout."
                ) from None
        time.sleep(PAUSE_SECONDS)


def _drop_old(server: Server) -> None:
    """Drop what was replaced."""
    for schema in SCHEMAS:
        if (_comment(server, f"{schema}_old") or "").startswith(MARK):
            _execute(server, "drop schema {} cascade", f"{schema}_old")


def _execute(server: Server, command: str, *names: str) -> None:
    server.execute(sql.SQL(command).format(*map(sql.Identifier, names)))


def _exists(server: Server, schema: str) -> bool:
    return server.execute("select from pg_namespace where nspname = %s", [schema]).fetchone() is not None


def _comment(server: Server, schema: str) -> str | None:
    found = server.execute(
        "select obj_description(oid, 'pg_namespace') from pg_namespace where nspname = %s", [schema]
    ).fetchone()
    return None if found is None or found[0] is None else str(found[0])


def _tables_of(server: Server, schema: str) -> list[str]:
    return [str(name) for (name,) in server.execute(TABLES, {"schema": schema})]


def _build(source: duckdb.DuckDBPyConnection) -> str:
    row = source.execute("select seq, as_of from meta.build order by seq desc limit 1").fetchone()
    return f"build {row[0]} as of {row[1]}" if row else "no build"


def _tables(source: duckdb.DuckDBPyConnection, schema: str) -> list[tuple[str, str | None]]:
    query = "select table_name, comment from duckdb_tables() where schema_name = $1 order by 1"
    return source.execute(query, [schema]).fetchall()


def _columns(source: duckdb.DuckDBPyConnection, schema: str, table: str) -> list[Column]:
    query = (
        "select column_name, data_type, comment from duckdb_columns() where schema_name = $1 and table_name = $2 "
        "order by column_index"
    )
    return source.execute(query, [schema, table]).fetchall()
