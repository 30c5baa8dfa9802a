"""The law as it is shipped, read once for all tests."""

from rules.law.load import shipped_law

LAW = shipped_law()
