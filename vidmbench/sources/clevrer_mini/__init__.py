"""The procedural data set clevrer-mini: solid objects that collide on a plane, drawn on demand."""

from vidmbench.sources.clevrer_mini.physics import Collision, Trajectory, simulate
from vidmbench.sources.clevrer_mini.rendering import render
from vidmbench.sources.clevrer_mini.scenes import Body, Scene, random_scene
from vidmbench.sources.clevrer_mini.videos import NUM_FRAMES, RESOLUTIONS, SPLITS, VERSION, ToyVideos

__all__ = [
    "NUM_FRAMES",
    "RESOLUTIONS",
    "SPLITS",
    "VERSION",
    "Body",
    "Collision",
    "Scene",
    "ToyVideos",
    "Trajectory",
    "random_scene",
    "render",
    "simulate",
]
