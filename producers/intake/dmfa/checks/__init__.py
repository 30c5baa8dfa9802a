"""Checks across zones: whether the values of a declaration agree with each other."""
