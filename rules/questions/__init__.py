"""Questions about the law: who gains under other figures, what if a right had not been used, why this finding."""
