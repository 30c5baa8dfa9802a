"""The stream: bundles of facts in, findings out, each bundle decided once with its position."""
