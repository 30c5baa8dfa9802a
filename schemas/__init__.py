"""What travels: contracts, their typed twins, identifiers, topics, the codec."""
