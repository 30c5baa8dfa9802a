"""The crossroads: each event in once, each entitled recipient's copy out once, each disclosure on record."""
