"""Announcements by e-mail: the message, the dialogue with the mail server, and what its replies mean."""
