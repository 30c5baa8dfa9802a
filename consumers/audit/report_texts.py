"""Translates the code words of the disclosure log for the person it is about, into four languages."""

from schemas.languages import Language

PHRASES: dict[str, dict[Language, str]] = {
    "title": {
        "nl": "Wie heeft wat over deze persoon ontvangen, waarom en wanneer",
        "fr": "Qui a reçu quoi au sujet de cette personne, pourquoi et quand",
        "de": "Wer hat was über diese Person erhalten, warum und wann",
        "en": "Who received what about this person, why and when",
    },
    "nothing": {
        "nl": "Over deze persoon is niets meegedeeld en niets geweigerd.",
        "fr": "Rien n'a été communiqué ni refusé au sujet de cette personne.",
        "de": "Über diese Person wurde nichts mitgeteilt und nichts verweigert.",
        "en": "Nothing was disclosed about this person, and nothing was refused.",
    },
    "basis": {"nl": "wettelijke basis", "fr": "base légale", "de": "Rechtsgrundlage", "en": "legal basis"},
    "purpose": {"nl": "doel", "fr": "finalité", "de": "Zweck", "en": "purpose"},
    "received": {"nl": "ontvangen", "fr": "reçu", "de": "erhalten", "en": "received"},
    "event": {"nl": "gebeurtenis", "fr": "événement", "de": "Ereignis", "en": "event"},
    "fields": {"nl": "gegevens", "fr": "données", "de": "Daten", "en": "fields"},
    "always": {
        "nl": "In elke kopie staan ook uw nummer, werkgever, kwartaal en de kenmerken van de aangifte.",
        "fr": "Chaque copie contient aussi votre numéro, employeur, trimestre et les références de la déclaration.",
        "de": "In jeder Kopie stehen auch Ihre Nummer, Arbeitgeber, Quartal und die Kennzeichen der Meldung.",
        "en": "Every copy also holds your number, employer, quarter and the references of the declaration.",
    },
    "replay": {
        "nl": "later bezorgd: van voor u daar een dossier had",
        "fr": "transmis plus tard : d'avant l'ouverture de votre dossier",
        "de": "später geliefert: aus der Zeit vor Ihrer Akte dort",
        "en": "delivered later: from before you were on file there",
    },
    "refused": {"nl": "Niet ontvangen", "fr": "Non reçu", "de": "Nicht erhalten", "en": "Not received"},
    "times": {"nl": "keer", "fr": "fois", "de": "Mal", "en": "times"},
    "last": {"nl": "laatst", "fr": "dernière fois", "de": "zuletzt", "en": "last"},
    "rules": {
        "nl": "De regels die zoeken naar rechten die niemand vroeg",
        "fr": "Les règles qui cherchent les droits que personne n'a demandés",
        "de": "Die Regeln, die nach Rechten suchen, die niemand beantragt hat",
        "en": "The rules that look for rights nobody asked for",
    },
    "declarations.wages": {"nl": "lonen", "fr": "salaires", "de": "Löhne", "en": "wages"},
    "declarations.working-time": {
        "nl": "arbeidstijd", "fr": "temps de travail", "de": "Arbeitszeit", "en": "working time",
    },
    "declarations.contributions": {"nl": "bijdragen", "fr": "cotisations", "de": "Beiträge", "en": "contributions"},
    "declarations.entitlements": {
        "nl": "beslissingen van instellingen", "fr": "décisions des institutions",
        "de": "Entscheidungen der Einrichtungen", "en": "decisions of institutions",
    },
    "not authorised": {
        "nl": "geen machtiging om dit te ontvangen", "fr": "aucune autorisation de recevoir ceci",
        "de": "keine Ermächtigung, dies zu erhalten", "en": "no authorisation to receive this",
    },
    "person not integrated": {
        "nl": "u hebt daar geen dossier", "fr": "vous n'y avez pas de dossier",
        "de": "Sie haben dort keine Akte", "en": "you are not on file there",
    },
    "not in the period": {
        "nl": "uw dossier daar gaat niet over deze periode", "fr": "votre dossier n'y concerne pas cette période",
        "de": "Ihre Akte dort betrifft diesen Zeitraum nicht", "en": "your file there is not about this period",
    },
    "not that quality": {
        "nl": "u hebt daar een dossier in een andere hoedanigheid",
        "fr": "vous y avez un dossier en une autre qualité",
        "de": "Sie haben dort eine Akte in einer anderen Eigenschaft",
        "en": "you are on file there in another quality",
    },
}  # fmt: skip


def phrase(name: str, language: Language) -> str:
    """The translation of a code word; a word without one is returned unchanged."""
    return PHRASES[name][language] if name in PHRASES else name
