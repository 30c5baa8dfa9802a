"""What every target group has in common: who, since when, and G x mu x beta_g beside the structural reduction."""
