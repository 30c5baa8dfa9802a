"""What the rules read is what their deliberation grants, no less and no more."""

from datetime import date

import pytest

from consumers.deliberations import RULES, load
from rules.view.required_fields import NEEDS
from schemas.contracts import contract
from schemas.fields import leaves
from schemas.topics import DECLARATIONS


@pytest.mark.parametrize("kind", DECLARATIONS)
def test_the_rules_are_granted_what_they_read_and_nothing_else(kind: str) -> None:
    (deliberation,) = (one for one in load() if one.recipient == RULES and one.holds_on(date(2026, 11, 1)))
    schema = contract(kind).schema
    assert leaves(schema, deliberation.granted(kind)) == leaves(schema, NEEDS[kind])
