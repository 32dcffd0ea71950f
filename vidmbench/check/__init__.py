"""The commands check and doctor: every stage against golden values."""
