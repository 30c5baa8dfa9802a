"""Typed twins of the contracts: what mypy checks is what travels."""
