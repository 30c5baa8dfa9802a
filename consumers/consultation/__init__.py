"""Answers both front offices about persons and rights: who is on file where, and who may receive what."""
