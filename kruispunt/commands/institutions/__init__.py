"""For and about institutions: their dossiers, deliberations, subscriptions and passwords."""
