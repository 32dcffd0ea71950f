"""One JSON per run, and the published numbers. Never loads torch."""
