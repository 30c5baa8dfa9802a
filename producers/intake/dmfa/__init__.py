"""Reads a DmfA: streamed, table-driven, with every anomaly reported at once."""
