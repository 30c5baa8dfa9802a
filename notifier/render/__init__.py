"""Turns what a notice tells into an e-mail or a letter in the recipient's language."""
