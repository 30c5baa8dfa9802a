"""Says around the answers to a submission what a payroll clerk reads, in four languages."""

from schemas.languages import Language

PHRASES: dict[str, dict[Language, str]] = {
    "acknowledgement": {
        "nl": "Ontvangstbewijs", "fr": "Accusé de réception", "de": "Empfangsbestätigung", "en": "Acknowledgement",
    },
    "notification": {"nl": "Notificatie", "fr": "Notification", "de": "Notifikation", "en": "Notification"},
    "ticket": {"nl": "ticket", "fr": "ticket", "de": "Ticket", "en": "ticket"},
    "received": {
        "nl": "Het bestand is ontvangen en elke aangifte is beoordeeld.",
        "fr": "Le fichier a été reçu et chaque déclaration a été examinée.",
        "de": "Die Datei ist eingegangen und jede Meldung wurde geprüft.",
        "en": "The file was received and every declaration in it was judged.",
    },
    "file refused": {
        "nl": "Het bestand is als geheel geweigerd. Er is niets geregistreerd.",
        "fr": "Le fichier a été refusé dans son ensemble. Rien n'a été enregistré.",
        "de": "Die Datei wurde als Ganzes abgelehnt. Nichts wurde registriert.",
        "en": "The file was refused as a whole. Nothing was registered.",
    },
    "accepted": {"nl": "aanvaard", "fr": "acceptée", "de": "angenommen", "en": "accepted"},
    "refused": {"nl": "geweigerd", "fr": "refusée", "de": "abgelehnt", "en": "refused"},
    "refused with others": {
        "nl": "In deze aangifte staat niets verkeerds dat blokkeert. Een bestand wordt geheel aanvaard of geheel "
        "geweigerd: verbeter de andere aangifte, of stuur deze in een eigen bestand.",
        "fr": "Rien ne bloque dans cette déclaration. Un fichier est accepté ou refusé en entier : corrigez l'autre "
        "déclaration, ou envoyez celle-ci dans un fichier séparé.",
        "de": "In dieser Meldung blockiert nichts. Eine Datei wird ganz angenommen oder ganz abgelehnt: berichtigen "
        "Sie die andere Meldung, oder senden Sie diese in einer eigenen Datei.",
        "en": "Nothing in this declaration blocks. A file is accepted or refused as a whole: correct the other "
        "declaration, or send this one in a file of its own.",
    },
    "employer": {"nl": "werkgever", "fr": "employeur", "de": "Arbeitgeber", "en": "employer"},
    "quarter": {"nl": "kwartaal", "fr": "trimestre", "de": "Quartal", "en": "quarter"},
    "persons": {"nl": "personen", "fr": "personnes", "de": "Personen", "en": "persons"},
    "version": {"nl": "versie", "fr": "version", "de": "Version", "en": "version"},
    "blocking": {"nl": "blokkeert", "fr": "bloquante", "de": "blockiert", "en": "blocks"},
    "non-blocking": {
        "nl": "blokkeert niet", "fr": "non bloquante", "de": "blockiert nicht", "en": "does not block",
    },
    "place": {"nl": "plaats", "fr": "endroit", "de": "Stelle", "en": "place"},
    "what to do": {"nl": "wat te doen", "fr": "que faire", "de": "was zu tun ist", "en": "what to do"},
    "no anomalies": {
        "nl": "Geen anomalieën.", "fr": "Aucune anomalie.", "de": "Keine Anomalien.", "en": "No anomalies.",
    },
    "more": {
        "nl": "en nog {number}; `--json` toont alles", "fr": "et encore {number} ; `--json` montre tout",
        "de": "und {number} weitere; `--json` zeigt alles", "en": "and {number} more; `--json` shows everything",
    },
    "moment": {"nl": "ontvangen op", "fr": "reçu le", "de": "eingegangen am", "en": "received at"},
    "result": {"nl": "resultaat", "fr": "résultat", "de": "Ergebnis", "en": "result"},
    "declarations": {"nl": "aangiften", "fr": "déclarations", "de": "Meldungen", "en": "declarations"},
    "none yet": {
        "nl": "Er is nog niets ingediend.", "fr": "Rien n'a encore été déposé.",
        "de": "Es wurde noch nichts eingereicht.", "en": "Nothing has been submitted yet.",
    },
    "before answers": {
        "nl": "van voor er antwoorden werden bewaard", "fr": "d'avant la conservation des réponses",
        "de": "von bevor Antworten aufbewahrt wurden", "en": "from before answers were stored",
    },
}  # fmt: skip


def phrase(word: str, language: Language) -> str:
    """A phrase in a language."""
    return PHRASES[word][language]
