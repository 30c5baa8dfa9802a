"""Measures from outside: how far each stage is, and whether every effect is accounted for."""
