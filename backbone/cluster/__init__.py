"""Holds what a Kafka cluster should be against what it is, and changes what differs."""
