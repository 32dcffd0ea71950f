"""What commands that score say on a terminal, and the records they wrote."""
