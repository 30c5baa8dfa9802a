"""Makes topics, users, rights, roles and tables what is declared: plans first, then changes."""
