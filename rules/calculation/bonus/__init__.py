"""The calculation of the work bonus, month by month as in the law."""
