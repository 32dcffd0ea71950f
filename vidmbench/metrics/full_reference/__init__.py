"""Full-reference metrics: a prediction against the very video that it should have been. Never loads torch."""
