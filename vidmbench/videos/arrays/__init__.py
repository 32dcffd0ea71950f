"""Arrays: numpy, torch, HDF5."""
