"""Tells people what a rule found: settle, choose the channel, render, hand over, account for it."""
