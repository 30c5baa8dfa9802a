"""Makes topics, users, access rules, roles and tables what is declared: plans first, then changes."""
