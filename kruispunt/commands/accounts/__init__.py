"""For operators: what was told to whom, what was set aside, and whether every effect is accounted for."""
