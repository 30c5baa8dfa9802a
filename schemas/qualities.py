"""Names the qualities in which a person can be on file: sector and code of KSZ's reference directory, as 18/1.

Source: KSZ's lists of sectors and quality codes. Code 0 is a file without a particular quality, 902 a provisional one:
it reserves a place and gives no right to anything: no deliberation can name it.
"""

from functools import cache

PROVISIONAL = "902"
PLAIN = "file without a particular quality"

QUALITIES: dict[str, dict[str, str]] = {
    "rva": {
        "18/1": "unemployed person under control",
        "18/2": "worker in career break",
        "18/3": "worker whose company closed",
        "18/4": "job seeker",
    },
    "rjv": {"10/10": "manual worker"},
    "nic": {"11/1": "insured for health care", "11/2": "person with a file of incapacity for work"},
    "fpd": {
        "5/1": "first contact",
        "5/10": "person with a pension estimate",
        "5/20": "person with a pension award",
        "5/30": "person with an income guarantee for the elderly",
        "5/31": "person who lives with somebody who has that guarantee",
        "5/100": "person to whom a pension is paid",
    },
    "famifed": {
        "7/101": "person who opens the right",
        "7/102": "person to whom the benefit is paid, type 1",
        "7/103": "person to whom the benefit is paid, type 2",
        "7/104": "child with the right",
        "7/105": "third person, type 1",
        "7/106": "third person, type 2",
        "7/107": "person under examination",
    },
    "fedris": {
        "1/10": "victim of an accident at work",
        "1/20": "person with a rent as successor",
        "1/30": "third person who is paid",
        "1/40": "assimilated worker with an incomplete career",
    },
    "rsz": {"12/10": "employee", "12/30": "person of whom work was announced", "12/40": "inquiry at an employer"},
    "ocmw": {
        "17/1": "file under examination",
        "17/2": "person with an integration income",
        "17/3": "person with an equivalent of that income",
        "17/4": "person with other aid",
        "17/5": "person living in",
        "17/6": "person employed through the centre",
    },
    "bouw": {"38/0": PLAIN},
    "fin": {"50/0": PLAIN},
    "energie": {"70/0": PLAIN},
}
"""By institution. A quality belongs to one institution only, so that a dossier names both."""


def provisional(institution: str) -> str:
    """The quality of a provisional file at an institution: sector/902."""
    return f"{next(iter(QUALITIES[institution])).partition('/')[0]}/{PROVISIONAL}"


@cache
def filed(institution: str) -> frozenset[str]:
    """Every quality in which an institution can have a person on file, the provisional one among them."""
    return frozenset({*QUALITIES[institution], provisional(institution)})


@cache
def everywhere() -> frozenset[str]:
    """Every quality of every institution."""
    return frozenset().union(*map(filed, QUALITIES))


def gives_right(quality: str) -> bool:
    """Whether a file of this quality can be a reason to receive anything."""
    return not quality.endswith(f"/{PROVISIONAL}")
