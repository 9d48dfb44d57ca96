"""One DAG, a run a refused delivery: what is to be done about it, asked of a person.

| task | what it does | when it is not green |
|---|---|---|
| `describe` | sends the alert, and gathers what there is to know | skipped: it does not stand refused any more |
| `ask` | waits for an answer under *Required Actions*; after two weeks it stays refused | failed: nobody can be asked |
| `answer` | replays it, overrides its tolerance this once, or leaves it | failed: its log says what has to be mended |

The feed's DAG starts a run for each delivery that it refuses; by hand: trigger it with the batch, `<feed>/<batch>`, as
`fruition deliveries --status refused` lists it. A delivery that has been accepted meanwhile is left as it is. What is accepted
wakes the warehouse.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from airflow.providers.standard.operators.hitl import HITLOperator
from airflow.sdk import DAG, AssetAlias, Context, Param, chain, get_current_context, task
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

from fruition_airflow import assets
from fruition_airflow.defaults import NO_BACKFILL, task_defaults
from fruition_airflow.notifiers import TellFailedRun
from fruition_airflow.receivers import WAITING, send_waiting
from pipelines.settings import Settings

PATIENCE = timedelta(days=14)
REPLAY, OVERRIDE, LEAVE = ANSWERS = ("Replay", "Override the tolerance once", "Leave refused")
RELEASED = AssetAlias("released")  # becomes an event of the feed's raw asset

BODY = """
**{feed}** sent `{file}`, which was refused.

- **Rule** {rule}: {message}
- **Next step** {next_step}
- **Rejected rows** {rejected}

**Replay** once the feed's file or the contract is mended: the archived bytes are read anew.{override}
**Leave refused** where the sender is to send it again. Batch `{batch}`.
"""
OVERRIDABLE = """
**Override the tolerance once** where the other rows are good enough: the rejected ones stay out. It needs a reason, which
is kept with the delivery; without one, you are asked again."""

# Airflow's form would demand a text of type "string" for every answer.
REASON = Param(
    None,
    type=["null", "string"],
    maxLength=500,
    description="Why the tolerance is overridden; no other answer needs one.",
)


class AskForAnswer(HITLOperator):
    """Offers only what can be done about the delivery, and asks again where an override has no reason."""

    def execute(self, context: Context) -> Any:
        self.options = context["ti"].xcom_pull("describe", key="answers")
        return super().execute(context)

    def execute_complete(self, context: Context, event: dict[str, Any]) -> Any:
        answered = super().execute_complete(context, event)
        if answered["chosen_options"] == [OVERRIDE] and not str(answered["params_input"].get("reason") or "").strip():
            self.log.warning("An override needs a reason: it is asked again.")
            self.execute(context)
        user = answered["responded_by_user"] or {}
        return {
            "answer": answered["chosen_options"][0],
            "reason": answered["params_input"].get("reason") or "",
            "by": user.get("name") or user.get("id") or "Airflow",
        }


with DAG(
    dag_id="refusals",
    description="What is to be done about a refused delivery, asked of a person.",
    doc_md=__doc__,
    schedule=None,
    catchup=False,
    max_active_runs=1000,  # they wait for people, and take no worker meanwhile
    max_active_tasks=1000,
    allowed_run_types=NO_BACKFILL,
    tags={"alerts"},
    # Empty by default only because Airflow calls back about a failed run without its parameters.
    params={"batch": Param("", type="string", pattern="^([a-z][a-z0-9_]*/[0-9a-f-]+)?$", description="<feed>/<batch>")},
    default_args=task_defaults(),
    on_failure_callback=TellFailedRun(),
):

    @task(outlets=[WAITING])
    def describe() -> None:
        """Send the alert, and gather what a person has to know; no cell of the delivery is in it."""
        from pipelines.refusals import find_refusal

        settings, context = Settings.from_environment(), get_current_context()
        send_waiting(settings)
        refusal = find_refusal(settings, context["params"]["batch"])
        if refusal is None:
            raise AirflowSkipException("It does not stand refused any more.")
        instance = context["ti"]
        instance.xcom_push("answers", [REPLAY, *([OVERRIDE] if refusal.is_overridable else []), LEAVE])
        instance.xcom_push("subject", f"Refused: {refusal.feed}/{refusal.file}")
        shown = refusal.to_text()
        instance.xcom_push("body", BODY.format(**shown, override=OVERRIDABLE if refusal.is_overridable else ""))

    @task(outlets=[RELEASED])
    def answer() -> str:
        """Do what was said; how the delivery stands then."""
        from pipelines.refusals import leave_refused, override_once, read_again

        settings, context = Settings.from_environment(), get_current_context()
        said, batch = context["ti"].xcom_pull("ask"), context["params"]["batch"]
        if said["answer"] == OVERRIDE:
            stands = override_once(settings, batch, said["reason"], said["by"])
        else:
            stands = (read_again if said["answer"] == REPLAY else leave_refused)(settings, batch)
        if said["answer"] != LEAVE and stands.status == "refused":
            raise AirflowFailException(f"{stands.rule}: {stands.message} {stands.next_step}")
        if stands.status == "accepted":
            context["outlet_events"][RELEASED].add(assets.raw(stands.feed))
        return stands.status

    ask = AskForAnswer(
        task_id="ask",
        subject="{{ ti.xcom_pull('describe', key='subject') }}",
        body="{{ ti.xcom_pull('describe', key='body') }}",
        options=list(ANSWERS),
        defaults=LEAVE,
        params={"reason": REASON},
        response_timeout=PATIENCE,
    )
    chain(describe(), ask, answer())
