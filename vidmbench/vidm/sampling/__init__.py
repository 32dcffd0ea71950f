"""From a checkpoint to videos."""
