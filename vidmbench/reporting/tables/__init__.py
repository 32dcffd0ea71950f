"""Records to tables. Never loads torch."""
