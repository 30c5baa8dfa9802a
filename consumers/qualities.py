"""Names the qualities in which a person can be on file: sector and code of KSZ's reference directory, as 18/1."""

QUALITIES: dict[str, dict[str, str]] = {
    "rva": {
        "18/1": "unemployed person under control",
        "18/2": "worker in career break",
        "18/3": "worker whose company closed",
        "18/4": "job seeker",
    },
    "rjv": {"10/10": "manual worker"},
    "nic": {"11/1": "insured for health care", "11/2": "person with a file of incapacity for work"},
    "fpd": {"5/10": "person with a pension estimate", "5/20": "person with a pension award"},
    "famifed": {"7/101": "person who opens the right", "7/104": "child with the right"},
    "fedris": {"1/10": "victim of an accident at work"},
}
"""By institution. A quality belongs to one institution only, so that a dossier names both."""
