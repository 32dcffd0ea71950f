"""vidmbench scores video generators and says exactly what each number means."""
