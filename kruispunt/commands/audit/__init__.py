"""For auditors and for the citizen a report is about: who received what, when, and on which legal basis."""
