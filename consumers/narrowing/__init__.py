"""Who may have which part of an event: access, the permitted contract, and the copy that holds nothing else."""
