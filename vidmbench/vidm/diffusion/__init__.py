"""The diffusion process: schedule, losses, samplers."""
