"""What people ask of the law: who gains under other figures, what if not taken up, why this finding."""
