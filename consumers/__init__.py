"""Out: who is entitled to what, narrowing, delivery, an institution's own store, the disclosure log."""
