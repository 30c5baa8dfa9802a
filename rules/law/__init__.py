"""The dated figures of the law: read, checked, rounded as the law rounds, and given to the rules."""
