"""Metric kinds, one file each: every module here declares one as ``KIND``."""
