"""For operators of the stack: wait, repair, certificates, and the demonstration."""
