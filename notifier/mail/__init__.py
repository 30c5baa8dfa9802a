"""E-mail: the announcement, the dialogue with the mail server, and what its replies mean."""
