"""Letters: typeset for the archive and the envelope window, and handed over to the printer in batches."""
