from __future__ import annotations

import logging
from typing import Any

import pytest

from pipelines import expectations, ingest
from pipelines.contracts import load_contracts
from pipelines.errors import DeliveryRefused
from pipelines.expectations import Failure
from tests.door import HEADER, MAPPING, Door, reading, readings

EVERYTHING: dict[str, Any] = {"tolerance": {"rejected_rows": "100%"}}


def test_identical_rows_of_one_delivery_are_all_let_in(door: Door) -> None:
    assert door.deliver(HEADER + reading() * 3).accepted == 3


def test_rows_with_one_key_and_other_content_are_all_rejected_as_ambiguous(door: Door) -> None:
    door.feed(**EVERYTHING)
    door.deliver(HEADER + reading("A", value=1) + reading("B") + reading("A", value=2) + reading("A", value=1))
    assert [row[0] for row in door.rows()] == ["B"]
    assert door.rejects() == [(2, None, "ambiguous"), (4, None, "ambiguous"), (5, None, "ambiguous")]


def test_nothing_is_other_content_than_something(door: Door) -> None:
    door.feed(**EVERYTHING)
    door.deliver(HEADER + reading("A", unit="") + reading("A", unit="%") + reading("B", unit="") * 2)
    assert door.rejects() == [(2, None, "ambiguous"), (3, None, "ambiguous")]


def test_rows_with_one_key_reported_at_different_times_are_versions_of_it(door: Door) -> None:
    door.mapped({**MAPPING, "reported_at": "sent"})
    line = "K1,2026-01-05,,{},,{}\n"
    times = [(1, "2026-01-06"), (2, "2026-01-07"), (3, "2026-01-07 00:00Z"), (4, ""), (4, "")]
    door.deliver(HEADER.replace("unit", "unit,sent") + "".join(line.format(*one) for one in times))
    assert [row[0] for row in door.rows("value")] == [1.0, 4.0, 4.0]
    assert door.rejects() == [(3, None, "ambiguous"), (4, None, "ambiguous")]


def test_a_row_rejected_for_another_reason_makes_no_other_ambiguous(door: Door) -> None:
    door.feed(**EVERYTHING)
    door.deliver(HEADER + reading("A", value="x") + reading("A", value=2))
    assert (door.rejects(), [row[3] for row in door.rows()]) == ([(2, "value", "type")], [2.0])


def test_a_rejected_row_keeps_its_source_text_and_its_key_where_that_can_be_read(door: Door) -> None:
    door.feed(**EVERYTHING)
    door.deliver(
        HEADER + 'K1,2026-01-05,"a ""b""",x,é\n' + reading("K2", day="soon") + "K3,2026-01-05\n" + reading("K4")
    )
    assert door.rejects("_row, raw, key_text") == [
        (2, '{"kpi_id":"K1","day":"2026-01-05","dim":"a \\"b\\"","value":"x","unit":"é"}', 'K1\x1f2026-01-05\x1fa "b"'),
        (3, '{"kpi_id":"K2","day":"soon","dim":null,"value":"1.5","unit":null}', None),
        (4, '"K3,2026-01-05"', None),
    ]
    assert door.manifests()[0].contracts[0].unreadable_keys == 2


def test_each_rejected_row_has_exactly_one_reason(door: Door) -> None:
    door.feed(**EVERYTHING)
    outcome = door.deliver(HEADER + reading("", day="soon", value="x") + reading(" ", day="0206-01-05"))
    assert (outcome.rejected, len(door.rejects())) == (2, 2)


def test_warnings_are_counted_and_let_the_row_in(door: Door) -> None:
    door.deliver(HEADER + reading(" K1") + reading("K2 ") + reading("K3"))
    (entry,) = door.manifests()[0].contracts
    assert (entry.accepted, entry.warnings) == (3, {"padded_id": 2})


def test_a_rule_is_not_asked_of_columns_that_the_feed_leaves_out(door: Door) -> None:
    door.mapped({"benefit_id": "b", "period_start": "'2026-01-01'", "approved_by": "a"}, contract="benefit_claim")
    assert door.deliver("b,a\nB1,me\n").accepted == 1


RESERVED = {
    "benefit_profile": ({"benefit_id": "a", "date": "b", "planned_value": "c"}, "B1,2026-01-01,5", "B1,1026-01-01,5"),
    "decision": (
        {"decision_id": "a", "subject_type": "'output'", "subject_id": "'O'", "decision": "b", "decided_on": "c"},
        "D1,accept,2026-01-01",
        "D1,perhaps,2026-01-01",
    ),
    "role_capacity": ({"role": "a", "period_start": "b", "capacity_fte": "c"}, "R,2026-01-01,1", "R,2026-01-01,-1"),
    "kpi_reading": ({"kpi_id": "a", "period_start": "b", "value": "c"}, "K,2026-01-01,1", "K,1026-01-01,1"),
    "benefit": (
        {"benefit_id": "a", "name": "a", "kind": "'benefit'", "type": "b", "category": "c"},
        "B1,cashable,x",
        "B1,loud,x",
    ),
}


@pytest.mark.parametrize("contract", RESERVED)
def test_columns_named_like_words_of_sql_are_checked_like_any_other(door: Door, contract: str) -> None:
    columns, good, bad = RESERVED[contract]
    door.mapped(columns, contract=contract)
    outcome = door.deliver(
        f"a,b,c\n{good}\n{bad.replace('1,', '2,', 1) if contract != 'role_capacity' else 'S' + bad[1:]}\n"
    )
    assert (outcome.accepted, outcome.rejected) == (1, 1)


def test_one_file_may_deliver_many_contracts(door: Door) -> None:
    delivers: list[dict[str, Any]] = [
        {"contract": "project", "columns": {"project_id": "p", "name": "n", "stage": "'delivery'"}, "where": "p <> ''"},
        {"contract": "output", "columns": {"output_id": "o", "project_id": "p", "name": "n", "baseline_date": "d"}},
        {"contract": "outcome", "columns": {"outcome_id": "o", "name": "n"}},
    ]
    door.feed(delivers=delivers, **EVERYTHING)
    outcome = door.deliver("p,o,n,d\nP1,O1,one,2026-01-01\n,O2,two,2026-01-01\nP3,O3,three,never\nshort\n")
    counts = {c.contract: (c.counted, c.accepted, c.rejected, c.filtered) for c in door.manifests()[0].contracts}
    assert counts == {"project": (4, 2, 1, 1), "output": (4, 1, 3, 0), "outcome": (4, 3, 1, 0)}
    assert (outcome.counted, outcome.accepted, outcome.rejected, outcome.filtered) == (12, 6, 5, 1)


def test_a_rule_that_cannot_be_computed_refuses_the_delivery_and_is_never_zero_bad_rows(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    contract = load_contracts(door.settings.contracts)["kpi_reading"]
    rule = contract.rules[0]
    broken = type(rule)(
        **{
            **vars(rule),
            "arguments": {"unexpected_rows_query": "select * from {batch} where no_such_column > 1 and kpi_id = ''"},
        }
    )
    changed = type(contract)(**{**vars(contract), "rules": (broken, *contract.rules[1:])})
    monkeypatch.setattr(ingest, "load_contracts", lambda folder: {"kpi_reading": changed})
    outcome = door.deliver(readings(3))
    assert (outcome.status, outcome.rule) == ("refused", rule.id)
    assert outcome.message == "The rule could not be computed on this delivery."


def test_a_failing_rule_that_blames_no_row_refuses_the_delivery(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    contract = load_contracts(door.settings.contracts)["kpi_reading"]
    check = expectations.build_checks(contract)[0]
    from pipelines.ingest import delivery

    monkeypatch.setattr(
        delivery, "find_failures", lambda workspace, suites: {view: [Failure(check, None)] for view in suites}
    )
    outcome = door.deliver(readings(3))
    assert (outcome.status, outcome.rule) == ("refused", check.rule)


def test_no_cell_s_value_reaches_a_message_a_log_or_a_report(
    door: Door, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    secret = "SECRET0815"
    door.feed()
    contents = [
        HEADER + "".join(reading(secret, day=secret, value=f"{secret}{number}", unit=secret) for number in range(5)),
        HEADER + reading(f" {secret}", value="1") + f"{secret}\n",
        f"{secret},{secret}\n{secret},{secret}\n",
        HEADER + f'{secret},"{secret}\n',
        HEADER + f'{secret}"{secret},\n',
        HEADER + reading(secret, value=1) + reading(secret, value=2),
        HEADER + f"{secret}\0\n",
        HEADER + reading(secret) + secret,
        HEADER + reading("", unit=secret),
    ]
    for number, content in enumerate(contents):
        outcome = door.deliver(content, f"{number}.csv")
        assert outcome.status == "refused", number
        assert secret not in str(outcome)
        assert secret not in str(door.report(outcome))
    written = capfd.readouterr()
    assert secret not in caplog.text + written.out + written.err


def test_an_error_of_the_database_is_not_part_of_what_a_refusal_says() -> None:
    refusal = DeliveryRefused("rule", "Message.", "Next step.")
    assert (str(refusal), refusal.exit_code) == ("rule: Message. Next step.", 1)
