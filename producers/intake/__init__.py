"""Intake: a file is read as a stream, validated as a whole, and registered once with its facts."""
