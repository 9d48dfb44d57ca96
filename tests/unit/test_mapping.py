from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest

from pipelines.errors import ConfigError
from pipelines.ingest.mapping import columns_of
from tests.door import MAPPING, Door

THREE = "kpi_id,day,value,n\nK1,2026-01-05,1.5,3\nK2,2026-01-06,2,zz\nK3,2026-01-07,3,\n"
KEYS = {"kpi_id": "kpi_id", "period_start": "day", "value": "value"}


def cast(
    door: Door, contract: str, column: str, keys: dict[str, str], texts: list[str], **keys_of_feed: Any
) -> list[object]:
    """What each text becomes in a contract's column: its value, or the rule that rejects it."""
    door.mapped({**keys, column: "x"}, contract=contract, **keys_of_feed)
    content = "id|x\n" + "".join(f"{number}|{text}\n" for number, text in enumerate(texts))
    outcome = door.deliver(content)
    assert outcome.counted == len(texts)
    values = dict(door.rows(f'_row, "{column}"', contract) if outcome.accepted else [])
    rules = dict(door.rejects("_row, rule") if outcome.rejected else [])
    return [rules[line] if line in rules else values[line] for line in range(2, len(texts) + 2)]


READING = {"kpi_id": "id", "period_start": "'2026-01-05'"}
PIPE = {"format": {"reader": "csv", "delimiter": "|"}}
COMMA = {"format": {"reader": "csv", "delimiter": "|", "decimal": ","}}


def test_a_measure_is_a_plain_number_and_nothing_that_resembles_one(door: Door) -> None:
    sound = ["1.5", "1.", ".5", "+5", "-5", "1e5", "1E-2"]
    unsound = [
        "NaN",
        "nan",
        "inf",
        "-Infinity",
        "1_000",
        "1,000",
        "1e400",
        " 5",
        "5 ",
        "٣",
        "0x10",
        "5%",
        "--5",
        "9" * 400,
    ]
    found = cast(door, "kpi_reading", "value", READING, sound + unsound, **PIPE)
    assert found == [1.5, 1.0, 0.5, 5.0, -5.0, 1e5, 0.01] + ["type"] * len(unsound)


def test_a_decimal_comma_is_read_where_the_feed_declares_it_and_thousands_never_are(door: Door) -> None:
    found = cast(door, "kpi_reading", "value", READING, ["1,5", ",5", "1.5", "1.234,5", "1 234,5"], **COMMA)
    assert found == [1.5, 0.5, "type", "type", "type"]


def test_money_is_never_rounded(door: Door) -> None:
    texts = [
        "1.23",
        "1.230000",
        ".5",
        "1.239",
        "0.001",
        "9999999999999999.99",
        "10000000000000000",
        "1e5",
        "NaN",
        "1_0",
    ]
    found = cast(door, "project", "budget", {"project_id": "id"}, texts, **PIPE)
    assert found[:3] == [Decimal("1.23"), Decimal("1.23"), Decimal("0.5")]
    assert found[3:] == ["precision", "precision", Decimal("9999999999999999.99"), "type", "type", "type", "type"]


def test_a_weight_with_more_decimals_than_its_type_holds_is_rejected(door: Door) -> None:
    keys = {"from_type": "'output'", "from_id": "id", "to_type": "'benefit'", "to_id": "'B'"}
    assert cast(door, "dependency", "weight", keys, ["0.333333", "0.3333333", "1"], **PIPE) == [
        Decimal("0.333333"),
        "precision",
        Decimal(1),
    ]


def test_a_date_is_an_iso_date_of_our_times_and_has_no_time_of_day(door: Door) -> None:
    texts = [
        "2026-01-05",
        "2024-02-29",
        "2026-02-30",
        "2026-01-05 23:00",
        "2026-1-5",
        "05/01/2026",
        "0206-01-05",
        "infinity",
    ]
    found = cast(door, "kpi_reading", "period_start", {"kpi_id": "id", "value": "'1'"}, texts, **PIPE)
    assert found == [date(2026, 1, 5), date(2024, 2, 29), "type", "type", "type", "type", "range", "type"]


def test_a_moment_with_an_offset_becomes_utc(door: Door) -> None:
    texts = {
        "2026-01-05": datetime(2026, 1, 5),
        "2026-01-05 23:00": datetime(2026, 1, 5, 23),
        "2026-01-05T23:00:01.5Z": datetime(2026, 1, 5, 23, 0, 1, 500000),
        "2026-01-05T23:00+05:30": datetime(2026, 1, 5, 17, 30),
        "2026-01-05T23:00:00-0100": datetime(2026, 1, 6),
        "2026-01-05T23:00:00+05": datetime(2026, 1, 5, 18),
        "2026-01-05T23:00:00+25:00": "type",
        "2026-01-05 23:60:00": "type",
        "2026-01-05 23:00:00 Europe/London": "type",
        "2026-01-05 23:00:00.1234567": "type",
    }
    keys = {"kpi_id": "id", "period_start": "'2026-01-05'", "value": "'1'"}
    assert cast(door, "kpi_reading", "reported_at", keys, list(texts), **PIPE) == list(texts.values())


def test_whole_numbers_are_whole(door: Door) -> None:
    keys = {"from_type": "'output'", "from_id": "id", "to_type": "'benefit'", "to_id": "'B'"}
    assert cast(door, "dependency", "lag_days", keys, ["5", "5.0", "2147483648", "1e3"], **PIPE) == [
        5,
        "type",
        "type",
        "type",
    ]


def test_expressions_may_use_functions_constants_lambdas_and_the_line(door: Door) -> None:
    columns = {
        "kpi_id": "list_transform(string_split(kpi_id, 'K'), lambda part: 'N' || part)[2]",
        "period_start": "strptime(day, '%Y-%m-%d')",
        "value": "7",
        "unit": "'line ' || _row",
        "dimension": "coalesce(n, 'none')",
    }
    door.mapped(columns)
    door.deliver(THREE)
    assert door.rows("kpi_id, period_start, value, unit, dimension")[0] == ("N1", date(2026, 1, 5), 7.0, "line 2", "3")


def test_a_name_that_is_a_constant_stays_one_even_where_a_column_has_it(door: Door) -> None:
    door.mapped({**KEYS, "value": "1"})
    door.deliver("kpi_id,day,1\nK1,2026-01-05,99\n")
    assert door.rows("value") == [(1.0,)]


def test_a_row_that_an_expression_cannot_be_computed_for_is_rejected_and_the_others_go_on(door: Door) -> None:
    door.mapped({**KEYS, "value": "n::integer * 2"})
    outcome = door.deliver(THREE)
    assert (outcome.accepted, outcome.rejected) == (1, 2)
    assert door.rejects() == [(3, "value", "expression"), (4, "value", "required")]


def test_a_time_of_day_in_what_should_be_a_date_rejects_the_row(door: Door) -> None:
    door.mapped({**KEYS, "period_start": "strptime(day || ' 10', '%Y-%m-%d %H')"})
    assert door.deliver(THREE).rejected == 3


def test_where_filters_what_it_is_false_or_null_for_and_rejects_what_it_cannot_be_computed_for(door: Door) -> None:
    door.mapped(KEYS, where="n::integer > 2")
    outcome = door.deliver(THREE)
    assert (outcome.counted, outcome.accepted, outcome.rejected, outcome.filtered) == (3, 1, 1, 1)
    assert door.rejects() == [(3, None, "where")]


@pytest.mark.parametrize(
    ("column", "expression"),
    [
        ("value", "random()"),
        ("value", "max(value)"),
        ("value", "row_number() over ()"),
        ("kpi_id", "unnest(['a', 'b'])"),
        ("kpi_id", "(select max(kpi_id) from rows)"),
        ("value", "no_such_function(n)"),
        ("value", "value = '2'"),
        ("period_start", "value::double"),
        ("value", "value) as v, (n"),
    ],
)
def test_a_mapping_that_is_no_function_of_one_row_is_a_fault_of_the_feed_by_file_and_key(
    door: Door, column: str, expression: str
) -> None:
    door.mapped({**KEYS, column: expression})
    with pytest.raises(ConfigError, match=rf"^readings\.yml: delivers\.kpi_reading\.{column}: "):
        door.deliver(THREE)


def test_a_where_that_is_no_condition_is_a_fault_of_the_feed(door: Door) -> None:
    door.mapped(KEYS, where="n")
    with pytest.raises(ConfigError, match=r"^readings\.yml: delivers\.kpi_reading\.where: "):
        door.deliver(THREE)


def test_the_fault_of_a_feed_leaves_its_files_claimed_until_it_is_mended(door: Door) -> None:
    door.mapped({**KEYS, "value": "random()"})
    with pytest.raises(ConfigError):
        door.deliver(THREE)
    door.mapped(KEYS)
    assert [one.accepted for one in door.sweep().outcomes] == [3]


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        ({**KEYS, "nope": "n"}, "columns: kpi_reading has no column nope"),
        ({"kpi_id": "kpi_id", "value": "n"}, "columns: the key period_start must be mapped"),
        ({**KEYS, "value": "value -- x"}, "value: is no SQL expression"),
        ({**KEYS, "value": "value; select 1"}, "value: is no SQL expression"),
    ],
)
def test_a_feed_that_does_not_fit_its_contract_is_told_before_any_file_is_read(
    door: Door, columns: dict[str, str], words: str
) -> None:
    door.mapped(columns)
    with pytest.raises(ConfigError) as caught:
        door.deliver(THREE)
    assert words in str(caught.value)
    assert door.manifests() == []


def test_a_feed_for_no_contract_is_a_fault_of_the_feed(door: Door) -> None:
    door.mapped(MAPPING, contract="nothing")
    with pytest.raises(ConfigError, match=r"readings\.yml: delivers\.nothing: there is no such contract"):
        door.deliver(THREE)


def test_the_columns_of_an_expression_are_told_without_its_lambda_s_parameters() -> None:
    assert columns_of("list_transform([a, b.c], lambda x: x || d)[1]") == frozenset("acd")
    assert columns_of("a b c") is None


def test_an_empty_key_with_a_default_gets_it_and_so_does_a_key_the_feed_leaves_out(door: Door) -> None:
    door.mapped({**KEYS, "dimension": "n"})
    door.deliver(THREE)
    door.mapped(KEYS)
    door.deliver(THREE.replace("K", "L"))
    assert sorted(row[0] for row in door.rows("dimension")) == ["", "", "", "", "3", "zz"]
