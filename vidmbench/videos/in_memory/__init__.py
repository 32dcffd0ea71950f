"""Videos as Python programs hold them: arrays, tensors, loaders, generators, functions."""
