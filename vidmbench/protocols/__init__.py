"""What is measured: protocols, detectors, signatures. Never loads torch."""
