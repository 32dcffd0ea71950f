"""Networks that turn clips into features."""
