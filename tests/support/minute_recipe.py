"""A recipe that trains in seconds, for tests of the command line."""

RECIPE = """
name = "minute"
title = "For tests"
dataset = "clevrer-mini"
gpu_hours = 0.01
memory_gib = 1.0
device = "hours of a CPU"

[model]
resolution = 32
num_frames = 16
content = { channels = 8, multipliers = [1, 2], blocks = 1, attention = [16], head_channels = 8, groups = 4 }
motion = { channels = 8, multipliers = [1, 2], blocks = 1, attention = [16], head_channels = 8, groups = 4 }
flow = { widths = [4, 4, 4, 4], levels = 4 }

[data]
videos = 3
start = "any"

[flow_start]
start = "photometric"
steps = 2
batch_size = 2

[content]
steps = 4
batch_size = 2
lr = 1e-3

[motion]
steps = 4
batch_size = 2
lr = 1e-3

[sampling]
sampler = "dpm-solver"
steps = 2
"""
