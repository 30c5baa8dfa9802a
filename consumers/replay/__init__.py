"""What was published before a person came on file: copied once, as far as it was and is permitted, and marked."""
