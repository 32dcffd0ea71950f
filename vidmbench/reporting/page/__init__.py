"""One HTML page made from records."""
