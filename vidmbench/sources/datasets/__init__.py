"""Named data sets: their declarations, the copies on disk, checks, preparation."""
