"""A whole stack on one machine: Kafka, PostgreSQL, a mail inbox and the processes, started, healed and taken away."""
