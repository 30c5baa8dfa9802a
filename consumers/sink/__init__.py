"""An institution's own end: its deliveries into its own database, with its own credentials."""
