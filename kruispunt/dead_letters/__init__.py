"""Messages that could not be handled: listed, shown, put back, dropped, and counted while nobody has decided."""
