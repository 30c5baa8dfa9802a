"""Serves the kept schemas over the REST paths that Kafka clients ask for."""
