"""How the law counts: amounts, fractions, months, ages, windows; shared by the rules of the catalogue."""
