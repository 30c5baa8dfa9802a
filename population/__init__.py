"""A synthetic population and its declarations: the same seed always gives the same bytes."""
