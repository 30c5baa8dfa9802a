"""Holds what is declared against itself: where no single zone can tell."""
