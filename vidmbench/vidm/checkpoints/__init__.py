"""Checkpoints, our own and the published ones."""
