"""How jurists test the law: cases in their words, read, run, and compared figure by figure."""
