"""Other systems: their manifests, and what they write."""
