"""What each command does, in rooms by who uses it."""
