"""The procedural data set clevrer-mini: solid objects that collide on a plane, drawn on demand."""

from vidmbench.toyworld.physics import Collision, Trajectory, simulate
from vidmbench.toyworld.rendering import render
from vidmbench.toyworld.scenes import Body, Scene, random_scene
from vidmbench.toyworld.videos import NUM_FRAMES, RESOLUTIONS, SPLITS, VERSION, ToyVideos

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
