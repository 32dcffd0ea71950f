"""Writing videos, and checking what was written."""
