"""What the studies found, as text for people and as JSON for programs."""
