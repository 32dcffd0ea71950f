"""From a request to measurements."""
