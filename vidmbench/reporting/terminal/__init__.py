"""What commands that score say on a terminal."""
