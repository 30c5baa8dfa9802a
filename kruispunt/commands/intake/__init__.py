"""For those who declare: check, submit, generate, and what a declaration leaves unclaimed."""
