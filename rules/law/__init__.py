"""The dated figures of the law, parsed and checked, as a value for the rules; rounding as the law rounds."""
