"""The cases as they are shipped, read once for all tests."""

from rules.casebook.case_file import shipped_cases
from rules.casebook.trial import read
from rules.catalogue import HISTORY_RULES, RULES

CASES = tuple(shipped_cases({*RULES, *HISTORY_RULES}))
EXAMPLES = tuple(map(read, CASES))
