"""Dead letters: messages that could not be handled: read, decoded, put back and dropped."""
