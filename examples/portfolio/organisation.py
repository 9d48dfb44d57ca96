"""Merrowdale Hospitals Group, an invented organisation: its places, objectives, programmes and people."""

from __future__ import annotations

from examples.portfolio.model import Programme

PLACES = ("Merrowdale", "Kingsferry", "Saltby", "Oakhollow")

OBJECTIVES = (
    ("1", "Patients flow through our hospitals without waiting for us", 0.22, "Isobel Trent"),
    ("2", "Care that is safe every time", 0.20, "Farida Halloran"),
    ("3", "Planned care within eighteen weeks", 0.16, "Gareth Pemberwell"),
    ("4", "A place where people want to work and stay", 0.14, "Lucia Abernathy"),
    ("5", "Within our means: 25 million pounds released a year", 0.14, "Desmond Achterberg"),
    ("6", "Patients say we listened", 0.08, "Farida Halloran"),
    ("7", "Net zero for what we control", 0.06, "Rowan Castellane"),
)

PROGRAMMES = {
    "FLOW": Programme(
        "Urgent care and flow",
        "Isobel Trent",
        ("Tomasz Wieland", "Grace Oduya", "Helen Marchbanks"),
        ("Priya Ramanathan", "Callum Strand", "Bernadette Fosse", "Joel Whitcombe"),
    ),
    "DIGITAL": Programme(
        "Digital patient record",
        "Marcus Ellingham",
        ("Nadia Kowalczyk", "Stephen Arkwell", "Zoë Fairweather"),
        ("Anneliese Brückner", "Femi Adeyinka", "Ruth Pallister"),
    ),
    "ELECTIVE": Programme(
        "Theatres and elective recovery",
        "Gareth Pemberwell",
        ("Sian Trevelyan-Jones", "Oliver Dunmore"),
        ("Mireille Bastide", "Hamish Corrigan", "Yusuf Demirel"),
    ),
    "OUTPATIENTS": Programme(
        "Outpatients transformation",
        "Gareth Pemberwell",
        ("Kavita Sundaram", "Oliver Dunmore"),
        ("Eleanor Quist", "Patrick O'Shaughlin"),
    ),
    "WORKFORCE": Programme(
        "Workforce",
        "Lucia Abernathy",
        ("Dorothy Lisle", "Kwame Asante-Boyd"),
        ("Beatrix Holloway", "Ngozi Umeh", "Simon Radcliffe-Hart"),
    ),
    "DIAGNOSTICS": Programme(
        "Diagnostics and imaging",
        "Vikram Devereux",
        ("José Almansa", "Ingrid Solberg"),
        ("Catriona Mellor", "André Lindqvist", "Tessa Gallowhill"),
    ),
    "ESTATES": Programme(
        "Estates and net zero",
        "Rowan Castellane",
        ("Bill Sandiford", "Ingrid Solberg"),
        ("Maureen Teague", "Ravi Chandrasena"),
    ),
    "QUALITY": Programme(
        "Quality and patient safety",
        "Farida Halloran",
        ("Grace Oduya", "Dorothy Lisle"),
        ("Owen Llewellyn-Park", "Samira Noorani", "Judith Everly"),
    ),
}

FINANCE_LEAD = "Desmond Achterberg"
BOARD = "Transformation board"

ROLES = (
    # role, posts a month
    ("Project manager", 18.0),
    ("Business analyst", 9.0),
    ("Integration engineer", 6.0),
    ("Clinical safety officer", 7.0),
    ("Change manager", 8.0),
    ("Trainer", 10.0),
    ("Data analyst", 6.0),
    ("Estates engineer", 7.0),
    ("Procurement manager", 5.0),
    ("Clinical lead", 9.0),
)
