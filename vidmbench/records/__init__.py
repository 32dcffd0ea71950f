"""One JSON a run, and the published numbers. Never loads torch."""
