"""Videos that were written side by side into one file."""
