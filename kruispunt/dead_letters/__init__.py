"""Dead letters: messages that could not be handled, read, decoded, replayed and dropped."""
