"""Typed twins of the contracts, for records as this version writes them; a log that keeps those of earlier versions is read untyped."""
