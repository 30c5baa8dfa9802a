"""Facts to findings: the law as dated rules, one file per rule."""
