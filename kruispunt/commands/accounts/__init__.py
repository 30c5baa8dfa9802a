"""For operators: notices, dead letters, and whether every effect is accounted for."""
