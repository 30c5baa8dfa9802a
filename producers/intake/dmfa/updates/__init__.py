"""Reads a DmfA update: what it quotes of the stored situation, and what it does with each of its blocks."""
