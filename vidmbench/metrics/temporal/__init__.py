"""What a video does over time, measured on its frames alone. Never loads torch."""
