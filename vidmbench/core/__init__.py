"""What every other room rests on: errors, declarations, files, seeds, progress."""
