"""Packs: the real side of a score as one small file of features or moments, without pixels."""
