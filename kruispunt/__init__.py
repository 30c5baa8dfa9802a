"""The command line: one verb per arrow of the flow; the only place that knows all stages and wires them."""
