"""A read-only schema registry over the REST paths that Kafka clients use."""
