"""Reads a DmfA: streamed, table-driven, every anomaly told at once."""
