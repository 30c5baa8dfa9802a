"""For jurists: the law in force, cases, explanations of a finding, and who gains under other figures."""
