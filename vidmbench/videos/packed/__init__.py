"""Prepared splits: compressed frames in one file."""
