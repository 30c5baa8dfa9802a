"""The form of the quarterly declaration as tables: blocks, zones, code lists and severities, written by us from facts."""
