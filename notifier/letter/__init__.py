"""Letters on paper: set for the archive and the window of the envelope, and handed over in batches."""
