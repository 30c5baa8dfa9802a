"""The record of every disclosure: it is only ever added to, and a chain of hashes shows when it was not."""
