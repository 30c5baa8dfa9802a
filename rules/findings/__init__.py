"""What a rule gives back: a deduction or an entitlement nobody took up, or what contradicts itself."""
