"""The calculation of the structural reduction, step by step as in the law."""
