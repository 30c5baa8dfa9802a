"""Findings to people: settle, choose a channel, render, hand over, account for it."""
