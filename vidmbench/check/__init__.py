"""Against golden values: the commands check and doctor, stage by stage, and a pytest plugin for other metrics."""
