"""Narrowing: who may have which part of an event, and the copy that holds nothing else."""
