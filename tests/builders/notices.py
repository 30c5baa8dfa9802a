"""Made-up notices of each kind, for tests and for work on the texts; every number in them is synthetic."""

from datetime import UTC, datetime

from notifier.channel import Profile
from notifier.ledger import name_notice
from notifier.notice_content import Notice, NoticeFinding, NoticeStep
from schemas.identifiers import derive
from schemas.languages import Language
from tests.builders.persons import national_number

EMPLOYER = "0897223670"
MADE_AT = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)
TOWNS: dict[Language, tuple[str, str, str]] = {
    "nl": ("Lange Leemstraat", "2018", "Antwerpen"),
    "fr": ("Rue de la Station", "4800", "Verviers"),
    "de": ("Klötzerbahn", "4700", "Eupen"),
    "en": ("Avenue Louise", "1050", "Ixelles"),
}


def profile(language: Language, first: str = "Anna", name: str = "Van den Bossche") -> Profile:
    """Somebody who reads this language."""
    street, postcode, town = TOWNS[language]
    return Profile(first, name, street, "27", "3", postcode, town, "BE", language, "anna@mail.example", True)


def reduction(number: int, certainty: str = "certain", claimed: int = 0) -> NoticeFinding:
    """A structural reduction that an employer did not take; wages differ from worker to worker."""
    amount = 36_912 + number
    wage = f"{3500 + number}.00"
    trace = (
        NoticeStep("category", "1", None, "RD 16/05/2003"),
        NoticeStep("W", wage, "EUR", "DmfA zone 00070"),
        NoticeStep("H", "247.00", "hours", "DmfA zone 00064"),
        NoticeStep("U", "38.00", "hours", "DmfA zone 00049"),
        NoticeStep("13 U / H", "2.00", None, "RD 16/05/2003"),
        NoticeStep("S", f"{7000 + 2 * number}.00", "EUR", "RD 16/05/2003"),
        NoticeStep("S0", "11233.89", "EUR", "NSSO 2025/1"),
        NoticeStep("alpha", "0.14", None, "NSSO 2025/1"),
        NoticeStep("alpha x (S0 - S)", "592.74", "EUR", "RD 16/05/2003"),
        NoticeStep("R", "625.62", "EUR", "RD 16/05/2003"),
        NoticeStep("mu", "0.50", None, "RD 16/05/2003"),
        NoticeStep("beta_s", "1.18", None, "RD 24/01/2013"),
        NoticeStep("Ps", f"{amount / 100:.2f}", "EUR", "RD 16/05/2003"),
    )
    return NoticeFinding(
        "found", derive("finding", str(number)), "structural_reduction", EMPLOYER, national_number(number), "495/1",
        "3000", amount, claimed, amount - claimed, certainty, trace,
    )  # fmt: skip


def work_bonus(certainty: str = "likely") -> NoticeFinding:
    """A work bonus that was not taken off."""
    trace = (
        NoticeStep("worker code", "495", None, "DmfA annex 2", "held"),
        NoticeStep("W 2026-07", "2233.61", "EUR", "DmfA zone 00070"),
        NoticeStep("A1 2026-07", "2937.93", "EUR", "NSSO 2026/3"),
        NoticeStep("a 2026-07", "0.3196", None, "NSSO 2026/3"),
        NoticeStep("W 2026-09", "2244.72", "EUR", "DmfA zone 00070"),
        NoticeStep("a 2026-09", "0.2739", None, "NSSO 2026/3"),
        NoticeStep("bonus of the quarter", "1291.93", "EUR", "Law of 20/12/1999"),
        NoticeStep("certainty", certainty, None, "the bonus is reckoned by month"),
    )
    return NoticeFinding(
        "found", derive("finding", "bonus"), "work_bonus", EMPLOYER, national_number(1), "495/1", "0001",
        129_193, 20_000, 109_193, certainty, trace,
    )  # fmt: skip


def income_guarantee() -> NoticeFinding:
    """A benefit nobody asked for."""
    trace = (
        NoticeStep("full unemployment until", "2026-04-30", None, "nature 01", "held"),
        NoticeStep("Q / S", "0.500", None, "at most 0.80: leaflet T70", "unknown"),
        NoticeStep("gross wage 2026-05", "1300.00", "EUR", "DmfA zone 00070"),
        NoticeStep("reference amount 2026-05", "1280.00", "EUR", "leaflet T70", "did_not_hold"),
    )
    return NoticeFinding(
        "found", derive("finding", "benefit"), "income_guarantee", EMPLOYER, national_number(1), "495/1", None,
        None, 0, None, "to_check", trace,
    )  # fmt: skip


def senior_holiday() -> NoticeFinding:
    """A right of a person that belongs to no employer."""
    trace = (
        NoticeStep("age on 31 December", "52", "years", "UCM; Securex (senior holidays)"),
        NoticeStep("unemployment_benefit", "2025-01-01", None, "nature 01"),
        NoticeStep("job from", "2026-02-02", None, "DmfA zone 00044"),
        NoticeStep("holidays in all", "20", "days", "Auxiliary Fund"),
        NoticeStep("highest wage a month", "2542.48", "EUR", "droitsquotidiens.be"),
        NoticeStep("highest benefit a day", "unknown", None, "not found"),
        NoticeStep("certainty", "likely", None, "not seen here: whether the ordinary days are used up (the employer)"),
    )
    return NoticeFinding(
        "found",
        derive("finding", "senior"),
        "senior_holiday",
        "",
        national_number(1),
        None,
        None,
        None,
        0,
        None,
        "likely",
        trace,
    )


def for_citizen(language: Language, *told: NoticeFinding, sequence: int = 1) -> Notice:
    """A notice to a citizen."""
    return Notice(
        name_notice("citizen", language, "2026Q3", sequence), "citizen", national_number(1), language, MADE_AT,
        profile(language), 0, "2026Q3", sequence, told or (work_bonus(), income_guarantee()),
        {EMPLOYER: "Bakkerij Peeters BV"},
    )  # fmt: skip


def for_employer(language: Language, workers: int = 3, *more: NoticeFinding, sequence: int = 1) -> Notice:
    """A notice to an employer."""
    kinds = ("certain", "likely", "to_check")
    told = tuple(reduction(number, kinds[number % 3], 10_000 * (number % 2)) for number in range(workers))
    return Notice(
        name_notice("employer", language, "2025Q2", sequence), "employer", EMPLOYER, language, MADE_AT,
        profile(language, "", "Bakkerij Peeters BV"), 0, "2025Q2", sequence, (*told, *more),
        {EMPLOYER: "Bakkerij Peeters BV"},
    )  # fmt: skip
