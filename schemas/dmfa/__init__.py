"""The form of the quarterly declaration as tables: blocks, zones, code lists, severities; written by us from facts."""
