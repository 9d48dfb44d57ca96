"""What the example's boards wrote down: risks, lessons, decisions and claims. Months as `Timeline` counts them."""

from __future__ import annotations

# fmt: off
RISKS = (
    # id, about a, its number, description, probability, impact in thousands, owner, status, raised, closed
    ("R-01", "project", "P-202", "Data migration needs a third rehearsal and go-live moves again", 0.5, 2400,
     "Nadia Kowalczyk", "Open", -9, None),
    ("R-02", "project", "P-202", "Clinicians keep parallel paper notes after go-live", 0.4, 900, "Anneliese Brückner",
     "Open", -6, None),
    ("R-03", "output", "O-303-2", "Steelwork contractor asks for more time a second time", 0.6, 1500,
     "Oliver Dunmore", "Open", -5, None),
    ("R-04", "benefit", "B-322", "Independent providers charge for cancelling early", 0.3, 800, "Hamish Corrigan",
     "Open", -4, None),
    ("R-05", "benefit", "B-730", "Waste contractor fails and segregated waste is burnt at double the price", 0.5,
     2600, "Ravi Chandrasena", "Open", -3, None),
    ("R-06", "project", "P-601", "Archive vendor at Saltby leaves the market", 0.2, 1100, "José Almansa", "Open", -7,
     None),
    ("R-07", "output", "O-601-4", "Interface licence is not in the contract", 0.5, 160, "José Almansa", "Open", -4,
     None),
    ("R-08", "benefit", "B-501", "Wards book agency staff outside the roster", 0.7, 900, "Beatrix Holloway",
     "Realised", -14, None),
    ("R-09", "project", "P-102", "Monitoring kits are recalled", 0.1, 300, "Grace Oduya", "Open", -10, None),
    ("R-10", "benefit", "B-111", "Specialties at Kingsferry do not refer to the virtual ward", 0.6, 450,
     "Priya Ramanathan", "Open", -5, None),
    ("R-11", "project", "P-104", "Bed board is down for more than an hour", 0.3, 120, "Tomasz Wieland", "Open", -8,
     None),
    ("R-12", "output", "O-205-3", "Clinical safety case for results is turned down", 0.3, 210, "Nadia Kowalczyk",
     "Open", -3, None),
    ("R-13", "benefit", "B-203", "Too few pharmacists at weekends", 0.8, 240, "Ruth Pallister", "Realised", -8, None),
    ("R-14", "project", "P-503", "Visas take longer than eight weeks", 0.3, 400, "Kwame Asante-Boyd", "Closed", -16,
     -7),
    ("R-15", "project", "P-602", "Samples spoil on the road in summer", 0.2, 90, "José Almansa", "Closed", -12, -5),
    ("R-16", "project", "P-603", "Scanner delivery slips into next quarter", 0.3, 450, "José Almansa", "Open", -4,
     None),
    ("R-17", "benefit", "B-240", "People without smartphones are left out", 0.4, 60, "Femi Adeyinka", "Open", -6,
     None),
    ("R-18", "project", "P-502", "Neighbouring trusts raise their bank rates", 0.5, 180, "Ngozi Umeh", "Open", -5,
     None),
    ("R-19", "benefit", "B-511", "Winter demand outruns the bank", 0.5, 700, "Beatrix Holloway", "Open", -4, None),
    ("R-20", "project", "P-301", "Surgeons book around the tool", 0.4, 150, "Sian Trevelyan-Jones", "Open", -9, None),
    ("R-21", "benefit", "B-302", "Anaesthetic cover at Kingsferry stays short on Fridays", 0.7, 200,
     "Mireille Bastide", "Open", -6, None),
    ("R-22", "project", "P-802", "Sensors raise too many alarms and are switched off", 0.3, 70, "Dorothy Lisle",
     "Open", -5, None),
    ("R-23", "project", "P-403", "Patients who should come back do not call", 0.2, 220, "Kavita Sundaram", "Open", -4,
     None),
    ("R-24", "project", "P-705", "Franc rises against the pound before the order", 0.4, 150, "Ingrid Solberg", "Open",
     -2, None),
    ("R-25", "project", "P-201", "Label printers for clinics are out of stock", 0.6, 40, "Stephen Arkwell", "Open",
     -3, None),
    ("R-26", "project", "P-701", "Grant is clawed back if savings are not proven", 0.2, 600, "Bill Sandiford",
     "Closed", -20, -9),
    ("R-27", "benefit", "B-701", "Electricity price falls and the saving with it", 0.3, 500, "Ravi Chandrasena",
     "Open", -10, None),
    ("R-28", "project", "P-804", "Case system is not ready for inquests", 0.2, 30, "Dorothy Lisle", "Open", -3, None),
)

LESSONS = (
    # id, project, gap code, category, title, recommendation, raised
    ("L-01", "P-501", "DELIVERED_NOT_REALISED", "Cost", "A roster does not stop an agency booking",
     "Take the booking right from the ward on the day the roster goes live.", -8),
    ("L-02", "P-101", "DELIVERED_NOT_REALISED", "Capacity", "A lounge without a rule stays empty",
     "Agree who sends patients by ten, before opening day.", -9),
    ("L-03", "P-203", "ORPHAN_OUTPUT", None, "Hardware bought at year end had no benefit behind it",
     "No order without a line in the benefits map.", -18),
    ("L-04", "P-402", "CLOSED_UNDELIVERED", None, "Interpreter calls fell between project and service",
     "Close only against the output list.", -12),
    ("L-05", "P-204", "DELIVERED_NOT_MEASURED", "Workforce",
     "Time and motion was measured once, for the business case",
     "Book the second measurement when approving the first.", -8),
    ("L-06", "P-604", "UPSTREAM_CANCELLED", "Quality", "Nobody asked which benefits leaned on the AI triage",
     "Read the map before the stop decision.", -4),
    ("L-07", "P-201", "BENEFIT_SLIPPED", "Quality", "Second site copied the first site's plan, not its lessons",
     "Leave three months between sites.", -3),
    ("L-08", "P-201", "MOVED_AWAY", "Capacity", "Pharmacy got all orders at eleven instead of through the day",
     "Simulate the load on the next step in the chain.", -4),
    ("L-09", "P-303", "OUTPUT_OVERDUE", None, "Ground survey came after the contract",
     "Survey first, then sign.", -6),
    ("L-10", "P-401", "ERODING", "Capacity", "Reminder texts stopped reaching changed numbers",
     "Ask for the mobile number at every visit.", -2),
    ("L-11", "P-302", None, "Quality", "Patients filled in the online form when a nurse rang first",
     "Ring once, then send the link.", -15),
    ("L-12", "P-802", "AHEAD_OF_PROFILE", "Quality", "Night staff chose where the sensors went",
     "Let the people on shift place the equipment.", -1),
    ("L-13", "P-602", "DISBENEFIT_EXCEEDED", None, "Van mileage was planned with the drivers and held",
     "Plan harm as carefully as benefit.", -3),
    ("L-14", "P-301", "DELIVERED_NOT_REALISED", "Capacity", "Same tool, same month, two sites, two results",
     "Copy the weekly list review, not only the software.", -1),
    ("L-15", "P-702", None, "Cost", "Wards accepted top-up when porters did the counting",
     "Remove work before asking for discipline.", -10),
    ("L-16", "P-805", "UPSTREAM_CANCELLED", "Experience", "Pilot accuracy was measured in a quiet room",
     "Pilot where the work is done.", -4),
    ("L-17", "P-103", "CLOSED_UNVERIFIED", None, "The project had gone before anybody was asked to verify",
     "Name the verifier, and the day, in the closure report.", -3),
)

DECISIONS = (
    # id, about a, its number, gap code, decision, reason, decided by, decided in, review in
    ("D-01", "benefit", "B-501", "DELIVERED_NOT_REALISED", "escalate",
     "Chief nurse to take agency booking from wards at Merrowdale", "Transformation board", -1, 2),
    ("D-02", "output", "O-203-4", "ORPHAN_OUTPUT", "accept",
     "Paid for by the charity; no benefit was ever claimed for the trolleys", "Marcus Ellingham", -8, 6),
    ("D-03", "benefit", "B-203", "MOVED_AWAY", "act",
     "Second dispensing shift and orders in two waves, from next month", "Ruth Pallister", 0, 3),
    ("D-04", "project", "P-202", "COST_OVERRUN", "escalate", "New estimate at completion to the finance committee",
     "Desmond Achterberg", 0, 2),
    ("D-05", "gate", "P-202/G4", "GATE_OVERDUE", "act", "Gate held back until the third migration rehearsal",
     "Marcus Ellingham", -1, 3),
    ("D-06", "benefit", "B-302", "DELIVERED_NOT_REALISED", "act",
     "List review run at Kingsferry by Merrowdale's team for eight weeks", "Gareth Pemberwell", 0, 3),
    ("D-07", "benefit", "B-241", "UNALIGNED_BENEFIT", "accept",
     "Small and safe; link it at the next strategy refresh", "Transformation board", -7, -2),
    ("D-08", "benefit", "B-601", "UPSTREAM_CANCELLED", "accept",
     "Target stands without the AI triage; reporting list carries it", "Vikram Devereux", -3, 6),
    ("D-09", "benefit", "B-213", "DISBENEFIT_EXCEEDED", "act",
     "Templates for the ten commonest visits before more clinics go live", "Anneliese Brückner", -1, 2),
    ("D-10", "benefit", "B-103", "DOUBLE_COUNTED", "act",
     "Lounge and virtual ward to settle their shares with finance", "Desmond Achterberg", 0, 2),
    ("D-11", "project", "P-402", "CLOSED_UNDELIVERED", "act", "Interpreting service takes the three-way calls over",
     "Gareth Pemberwell", -4, 4),
    ("D-12", "project", "P-202", "NPV_ERODED", "escalate",
     "Business case to go back to the board with the new estimate and the later go-live", "Marcus Ellingham", 0, 2),
    ("D-13", "role", "Integration engineer", "RESOURCE_OVERLOAD", "act",
     "Two engineers on contract for the weeks around each go-live", "Marcus Ellingham", 0, 3),
    ("D-14", "benefit", "B-521", "FORECAST_SHORTFALL", "accept",
     "The housing offer that would keep nurses in Kingsferry costs more than the shortfall", "Lucia Abernathy", 0, 6),
)
# fmt: on

CLAIMANTS = (
    "B-101", "B-111", "B-201", "B-241", "B-301", "B-303", "B-312", "B-402", "B-403", "B-420", "B-430", "B-502", "B-511",
    "B-520", "B-720", "B-730", "B-820",
)  # fmt: skip
"""Benefits whose owners claim month by month a little less than what was measured."""
CLAIMED_SHARE = 0.92
CLAIM_MONTHS = range(-6, 0)

ODD_CLAIMS = (
    # benefit, month, improvement, amount
    ("B-431", -1, 9.4, None),
    ("B-321", -1, None, 120000.0),
    ("B-510", -2, 3.5, None),
    ("B-510", -1, 4.9, None),
    ("B-710", -2, None, 23800.0),
    ("B-710", -1, None, 24100.0),
)
"""Claims that a controller would question: too much, before delivery, without a measure, after the end."""

FORMER_TARGETS = {"B-520": 7.0}
"""Targets in the register three months ago that have been lowered since, after approval."""
