"""The form of the quarterly declaration as tables: blocks, zones, code lists, severities."""
