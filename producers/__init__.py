"""In: read, validate, register once, publish once."""
