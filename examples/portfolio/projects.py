"""The projects of the example, and where their plans and reports depart from the ordinary."""

from __future__ import annotations

from examples.portfolio.model import Project

PROJECTS = (
    Project("P-101", "Discharge lounge", "FLOW", "service", "closed", -38, -8, -8, 640),
    Project("P-102", "Virtual ward", "FLOW", "service", "delivery", -20, 6, 6, 2900),
    Project("P-103", "Same-day emergency care", "FLOW", "service", "closed", -44, -20, -18, 1750),
    Project("P-104", "Bed command centre", "FLOW", "digital", "delivery", -18, 7, 7, 3400),
    Project("P-105", "Frailty at the front door", "FLOW", "service", "delivery", -14, 9, 9, 880),
    Project("P-201", "Electronic prescribing", "DIGITAL", "digital", "delivery", -30, 5, 7, 5200, spi=0.94),
    Project(
        "P-202", "Electronic patient record", "DIGITAL", "digital", "delivery", -26, 8, 13, 18500, cpi=0.84, spi=0.93
    ),
    Project("P-203", "Bedside observations", "DIGITAL", "digital", "closed", -40, -21, -20, 1150),
    Project("P-204", "Single sign-on", "DIGITAL", "digital", "closed", -22, -9, -9, 720),
    Project("P-205", "Patient portal", "DIGITAL", "digital", "delivery", -16, 6, 8, 1480),
    Project("P-206", "Ambient scribe for clinics", "DIGITAL", "digital", "business_case", 3, 15, 15, 1300),
    Project("P-301", "Theatre scheduling", "ELECTIVE", "digital", "delivery", -20, 4, 4, 1320),
    Project("P-302", "Pre-operative assessment hub", "ELECTIVE", "service", "closed", -36, -18, -16, 690),
    Project("P-303", "Surgical hub at Oakhollow", "ELECTIVE", "building", "delivery", -22, 4, 10, 14200, spi=0.81),
    Project("P-304", "Waiting list validation", "ELECTIVE", "service", "closed", -26, -13, -12, 310),
    Project("P-305", "Robotic surgery expansion", "ELECTIVE", "equipment", "business_case", 4, 20, 20, 4100),
    Project("P-401", "Did-not-attend reminders", "OUTPATIENTS", "digital", "closed", -34, -16, -14, 260),
    Project("P-402", "Video consultations", "OUTPATIENTS", "digital", "closed", -30, -14, -13, 540),
    Project("P-403", "Patient-initiated follow-up", "OUTPATIENTS", "service", "delivery", -15, 5, 5, 410),
    Project("P-404", "Advice and guidance for GPs", "OUTPATIENTS", "service", "delivery", -12, 6, 6, 230),
    Project("P-405", "Clinic template redesign", "OUTPATIENTS", "service", "business_case", 2, 14, 14, 420),
    Project("P-501", "E-rostering", "WORKFORCE", "digital", "closed", -38, -17, -15, 2800),
    Project("P-502", "Staff bank", "WORKFORCE", "service", "delivery", -14, 4, 4, 900),
    Project("P-503", "International recruitment", "WORKFORCE", "service", "delivery", -22, 4, 4, 2300),
    Project("P-504", "Sickness absence support", "WORKFORCE", "service", "delivery", -10, 8, 8, 350),
    Project("P-505", "Job planning for consultants", "WORKFORCE", "service", "idea", 8, 20, 20, 260),
    Project("P-601", "Imaging network", "DIAGNOSTICS", "digital", "delivery", -24, 5, 6, 6400, "EUR"),
    Project("P-602", "Pathology consolidation", "DIAGNOSTICS", "building", "delivery", -28, 3, 3, 7900, cpi=1.02),
    Project("P-603", "Community diagnostic centre", "DIAGNOSTICS", "building", "delivery", -13, 5, 5, 9800),
    Project("P-604", "AI triage of chest X-rays", "DIAGNOSTICS", "digital", "cancelled", -16, -2, -5, 1050),
    Project("P-605", "Digital histopathology", "DIAGNOSTICS", "equipment", "business_case", 3, 18, 18, 2700, "EUR"),
    Project("P-701", "LED lighting and heat pumps", "ESTATES", "building", "closed", -40, -14, -12, 5600),
    Project("P-702", "Linen contract", "ESTATES", "service", "closed", -24, -12, -11, 120),
    Project("P-703", "Patient transport", "ESTATES", "service", "delivery", -12, 5, 5, 390),
    Project("P-704", "Waste segregation", "ESTATES", "service", "delivery", -11, 6, 6, 210),
    Project("P-705", "Robotic pharmacy store", "ESTATES", "equipment", "idea", 10, 22, 22, 1900, "CHF"),
    Project("P-801", "Sepsis bundle", "QUALITY", "service", "closed", -36, -19, -17, 240),
    Project("P-802", "Falls prevention", "QUALITY", "service", "delivery", -13, 5, 5, 320),
    Project("P-803", "Pressure ulcer prevention", "QUALITY", "service", "closed", -28, -13, -12, 180),
    Project("P-804", "Complaints handling", "QUALITY", "service", "delivery", -10, 5, 5, 140),
    Project("P-805", "Voice recognition for letters", "QUALITY", "digital", "cancelled", -14, -2, -4, 380),
    Project("P-806", "Ward accreditation", "QUALITY", "service", "idea", 6, 18, 18, 90),
)

WITHDRAWN = Project("P-706", "New home for medical records", "ESTATES", "building", "idea", 9, 24, 24, 3300)
"""In last month's register, gone from this month's: the snapshot closes it."""

GATES = (
    ("G1", "Idea"),
    ("G2", "Business case"),
    ("G3", "Ready to build"),
    ("G4", "Ready to go live"),
    ("G5", "Closure"),
)

OVERDUE_GATES = {"P-202": ("G4", -1), "P-303": ("G4", -2)}
"""Gates whose day has passed with nobody deciding: project -> gate and the month it was planned for."""

COMMENTS = {
    "P-202": "Migration rehearsal failed twice; invoices run ahead of what is finished. Go-live at both sites moved.",
    "P-303": 'Steelwork for the theatre block came late; the contractor\'s "recovery plan" has not been accepted.',
    "P-201": "Kingsferry went live three months late; clinics wait for the label printers.",
    "P-601": "Saltby's archive vendor has not opened the interface.",
    "P-205": "Release of test results awaits the clinical safety case.",
}
