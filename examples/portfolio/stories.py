"""Why each gap stands in the example. The tests hold the warehouse to this table, and README.md to its words."""

from __future__ import annotations

from examples.portfolio.model import Story

# fmt: off
STORIES = (
    # definition
    Story("MISSING_OWNER", "benefit", "B-830",
          "Complainants hear back in time: the owner left, the VMO's list still has an empty cell."),
    Story("MISSING_OWNER", "benefit", "B-215", "One record for staff: everybody wants it, nobody has signed for it."),
    Story("MISSING_MEASURE", "benefit", "B-832",
          "Families feel heard after a death: the survey is still being designed."),
    Story("MISSING_BASELINE", "benefit", "B-731",
          "More waste recycled: the business case names a target and no starting point."),
    Story("MISSING_TARGET", "benefit", "B-141",
          "Shorter stays on the frailty unit: target and date were left open at approval."),
    Story("MISSING_DATES", "benefit", "B-622",
          "Shorter journeys to a scan: no start date, the centre's opening is not settled."),
    Story("MISSING_VALUE", "benefit", "B-212",
          "Records store given up: cashable, but the rent it saves was never entered."),
    Story("NO_AMBITION", "benefit", "B-831", "Patients would recommend us: the target is the baseline, 92 %."),
    Story("DIRECTION_CONFLICT", "benefit", "B-530",
          "Less sickness absence: the target of 6.4 % is a slip of the keyboard for 4.6 %."),
    Story("BASELINE_UNSUPPORTED", "benefit", "B-613",
          "Fewer samples lost: the business case says 3.9 %, the laboratory counted 2.6 %."),
    Story("RETRO_REBASELINED", "benefit", "B-520",
          "Fewer vacancies at Merrowdale: 7.0 % was approved, and the latest register says 8.0 %."),
    # linkage
    Story("ORPHAN_OUTPUT", "output", "O-203-4",
          "Tablet trolleys: delivered with year-end money, behind no benefit (one severity higher)."),
    Story("ORPHAN_OUTPUT", "output", "O-205-4", "Wayfinding chatbot: on its way, and no benefit waits for it."),
    Story("ORPHAN_BENEFIT", "benefit", "B-721", "No dialysis missed: a good hope that no output brings about."),
    Story("UNALIGNED_BENEFIT", "benefit", "B-241", "Letters read online: saves postage, serves no stated objective."),
    Story("OVER_ATTRIBUTED", "outcome", "C-01", "Patients leave before noon: three outputs claim 130 % of it."),
    Story("OVER_ATTRIBUTED", "benefit", "B-520",
          "Fewer vacancies at Merrowdale: two cohorts and the centre claim 140 %."),
    Story("DOUBLE_COUNTED", "benefit", "B-103", "The lounge counts 60 % of Merrowdale's shorter stays …"),
    Story("DOUBLE_COUNTED", "benefit", "B-110", "… and the virtual ward 70 % of the same days."),
    Story("DEPENDENCY_CYCLE", "outcome", "C-04", "The right ward needs beds that turn round …"),
    Story("DEPENDENCY_CYCLE", "outcome", "C-05", "… and beds turn round when patients lie on the right ward."),
    Story("BROKEN_LINK", "edge", "output:O-1O4-2>outcome:C-05",
          "The map names O-1O4-2, with a letter O typed for a nought."),
    Story("BROKEN_LINK", "edge", "output:O-601-6>benefit:B-603",
          "The map names an output that the imaging network never planned."),
    # delivery
    Story("OUTPUT_OVERDUE", "output", "O-202-3",
          "Data migration rehearsed: failed twice, the third try is ten weeks off."),
    Story("OUTPUT_OVERDUE", "output", "O-303-2", "Theatres fitted out: the steelwork came late."),
    Story("OUTPUT_OVERDUE", "output", "O-601-4", "Image interface at Saltby: the archive's vendor has not opened it."),
    Story("OUTPUT_OVERDUE", "output", "O-402-4",
          "Three-way calls with interpreters: forgotten when the project closed."),
    Story("OUTPUT_SLIPPING", "output", "O-201-6", "E-prescribing in clinics: waits 40 days for label printers."),
    Story("OUTPUT_SLIPPING", "output", "O-202-4", "Patient record at Merrowdale: 150 days later than approved."),
    Story("OUTPUT_SLIPPING", "output", "O-202-5", "Patient record at Kingsferry: 150 days later than approved."),
    Story("OUTPUT_SLIPPING", "output", "O-205-3", "Test results in the portal: the safety case takes 60 days more."),
    Story("OUTPUT_SLIPPING", "output", "O-303-4", "Surgical hub open: 170 days later than approved."),
    Story("GATE_OVERDUE", "gate", "P-202/G4", "Electronic patient record: the gate to go live passed undecided."),
    Story("GATE_OVERDUE", "gate", "P-303/G4", "Surgical hub: the gate to go live passed undecided."),
    Story("COST_OVERRUN", "project", "P-202", "Electronic patient record: earns 84 pence for each pound spent."),
    Story("BEHIND_SCHEDULE", "project", "P-303", "Surgical hub: four fifths of the work that should be done is done."),
    Story("CLOSED_UNDELIVERED", "project", "P-402", "Video consultations: closed without the interpreters' calls."),
    Story("UPSTREAM_CANCELLED", "benefit", "B-601",
          "Scans reported sooner: a fifth of it was to come from the AI triage, stopped."),
    Story("UPSTREAM_CANCELLED", "benefit", "B-630",
          "Suspected lung cancers seen within the hour: rests on the AI triage alone."),
    Story("UPSTREAM_CANCELLED", "benefit", "B-840",
          "Clinic letters within three days: rests on voice recognition, stopped."),
    Story("PLAN_BEFORE_DELIVERY", "benefit", "B-620",
          "Scans where patients live: planned to start two months before the centre can."),
    # measurement
    Story("DELIVERED_NOT_MEASURED", "benefit", "B-230",
          "Minutes back for nurses: logins were timed for the business case, never since."),
    Story("STALE_MEASURE", "benefit", "B-510",
          "Shifts filled by our own staff: the agency's portal renamed a column, its file was refused."),
    Story("UNIT_MISMATCH", "kpi", "PATH-HOURS", "Time to a pathology result: one month came in minutes, not hours."),
    # realisation
    Story("BEHIND_PROFILE", "benefit", "B-111",
          "Virtual ward at Kingsferry: staffed and equipped, specialties refer too few patients."),
    Story("BEHIND_PROFILE", "benefit", "B-521", "Vacancies at Kingsferry: the new nurses came, and others left."),
    Story("BEHIND_PROFILE", "benefit", "B-203", "Medicines to take home: moved away, so behind its profile too."),
    Story("DELIVERED_NOT_REALISED", "benefit", "B-501",
          "Agency nursing at Merrowdale: e-rostering works, wards still ring the agency."),
    Story("DELIVERED_NOT_REALISED", "benefit", "B-302",
          "Theatre lists at Kingsferry: Merrowdale's tool without its review; figures restated."),
    Story("DELIVERED_NOT_REALISED", "benefit", "B-102",
          "Earlier discharge at Kingsferry: the lounge is open and stays empty until lunch."),
    Story("MOVED_AWAY", "benefit", "B-203",
          "Medicines to take home: all orders now reach the pharmacy at once, waits grew by 28 minutes."),
    Story("ERODING", "benefit", "B-401",
          "Did-not-attend at Merrowdale: verified, then texts stopped reaching changed numbers."),
    Story("DISBENEFIT_EXCEEDED", "benefit", "B-213",
          "Documentation in pilot clinics: 1.5 minutes accepted, nearly four came."),
    # forecast
    Story("BENEFIT_SLIPPED", "benefit", "B-202",
          "Medication errors at Kingsferry: live three months late, on course since: all delay, no shortfall."),
    Story("BENEFIT_SLIPPED", "benefit", "B-210", "No more paper records pulled: waits for the patient record."),
    Story("BENEFIT_SLIPPED", "benefit", "B-211", "Old systems switched off: waits for the patient record."),
    Story("BENEFIT_SLIPPED", "benefit", "B-214", "Thrombosis assessed: waits for the patient record."),
    Story("BENEFIT_SLIPPED", "benefit", "B-242", "Fewer calls about results: waits for results in the portal."),
    Story("BENEFIT_SLIPPED", "benefit", "B-320", "Nobody waits over a year: waits for the surgical hub."),
    Story("BENEFIT_SLIPPED", "benefit", "B-321", "Home sooner after a new hip: waits for the surgical hub."),
    Story("BENEFIT_SLIPPED", "benefit", "B-322", "Operations no longer bought: waits for the surgical hub."),
    Story("BENEFIT_SLIPPED", "benefit", "B-602", "Fewer scans repeated: waits for the interface at Saltby."),
    # opportunity
    Story("AHEAD_OF_PROFILE", "benefit", "B-240",
          "Patients use the portal: registration desks work twice as well as planned."),
    Story("AHEAD_OF_PROFILE", "benefit", "B-810",
          "Fewer falls at Merrowdale: night staff chose where the sensors went."),
)

READY = (
    # codes of later classes, for which the data lies ready
    Story("CLAIMED_BEFORE_DELIVERY", "benefit", "B-322", "£120,000 claimed last month for a hub that is not open."),
    Story("CLAIM_WITHOUT_EVIDENCE", "benefit", "B-510", "Claimed for months of which no reading was accepted."),
    Story("CLAIM_AFTER_END", "benefit", "B-710", "Linen savings claimed after the price agreement ran out."),
    Story("OVERCLAIMED", "benefit", "B-431", "Replies within two days: claimed twice what was measured."),
    Story("NOT_DISTINGUISHABLE", "benefit", "B-531", "Nurses stay: leaving had been falling just as fast before."),
    Story("FORECAST_SHORTFALL", "benefit", "B-501", "A fifth of the agency saving comes, year after year."),
    Story("CLOSED_UNVERIFIED", "benefit", "B-312", "Home sooner after surgery: reached, and nobody has verified it."),
    Story("RESOURCE_OVERLOAD", "role", "Integration engineer",
          "Both go-lives of the patient record meet the portal and imaging."),
    Story("RISK_EXPOSED", "benefit", "B-730", "Less clinical waste: the contractor's failure would cost most of it."),
    Story("MISSING_FX_RATE", "currency", "CHF", "The pharmacy robot is priced in francs; the treasury sends no rate."),
)


def as_table(stories: tuple[Story, ...]) -> str:
    """The stories as the rows of README.md's table."""
    rows = [f"| `{story.code}` | {story.subject_type} `{story.subject_id}` | {story.why} |" for story in stories]
    return "\n".join(["| code | subject | why |", "|---|---|---|", *rows])
