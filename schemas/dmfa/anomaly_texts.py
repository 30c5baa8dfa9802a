"""Says what an anomaly means and what to do about it, in four languages, by its code of annex 30."""

from functools import cache

from schemas.dmfa.tables import rows
from schemas.languages import LANGUAGES, Language

Said = dict[Language, str]


@cache
def anomaly_texts() -> dict[str, Said]:
    """What each code of annex 30 means; Dutch and French are those of the annex."""
    return _said("anomaly_texts.csv")


@cache
def anomaly_remedies() -> dict[str, Said]:
    """What its sender does about the codes that occur most; first where a code means something else in one zone."""
    return _said("anomaly_remedies.csv")


def _said(name: str) -> dict[str, Said]:
    return {row["code"]: {language: row[language] for language in LANGUAGES} for row in rows(name)}


def text(code: str, language: Language) -> str:
    """What an anomaly means (`00024-004`); empty for a code that no table here holds."""
    return anomaly_texts().get(_of_annex_30(code), {}).get(language, "")


def remedy(code: str, language: Language) -> str:
    """What to do about an anomaly; empty where nothing more can be said than what it means."""
    known = anomaly_remedies()
    return known.get(code, known.get(_of_annex_30(code), {})).get(language, "")


def _of_annex_30(code: str) -> str:
    return code.rpartition("-")[2]
