"""The disclosure log: append-only, with a hash chain that reveals any change."""
