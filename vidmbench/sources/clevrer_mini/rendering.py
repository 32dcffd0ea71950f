"""Images of the toy world: a camera above a grey plane, one soft lamp, shadows, rubber and metal.

Each object is met with rays only inside the square of pixels that can show it, for many frames at once. Objects are
sampled several times per pixel; the plane, which has no edges, once. The arithmetic never mixes frames, so a frame
comes out the same to the last bit whatever others are drawn with it.
"""

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from jaxtyping import Float64

from vidmbench.core.arrays import Frames
from vidmbench.sources.clevrer_mini.scenes import Body, Scene
from vidmbench.sources.clevrer_mini.shapes import Pose, distances, dot, normals, shadow, smoothstep

SAMPLES = 3  # a pixel is the mean of SAMPLES x SAMPLES rays where an object shows

_EYE = (0.0, -8.0, 5.3)
_LOOK_AT = (0.0, 0.25, 0.2)
_HALF_FIELD = 0.228  # tangent of half the angle of view
_NEAR = 2.5  # objects nearer to the eye than this stand below the picture
_CHUNK_PIXELS = 16 * 64 * 64  # drawn at once, so that memory does not grow with the number of frames
_LAMP = np.array([-0.65, -0.22, 0.80]) / math.sqrt(0.65**2 + 0.22**2 + 0.80**2)
_SHIFT = (float(-_LAMP[0] / _LAMP[2]), float(-_LAMP[1] / _LAMP[2]))  # of the shadow of a point one metre up
_MIDDLE, _REACH = (0.0, 2.5), (5.5, 7.0)  # an object outside this stretch of ground darkens nothing in view
_FILL = np.array([0.75, -0.55, 0.45]) / math.sqrt(0.75**2 + 0.55**2 + 0.45**2)

# Linear reflectance; the picture stores square roots, close to the usual gamma and exact everywhere.
_COLOURS = {
    "gray": (0.16, 0.16, 0.17),
    "red": (0.50, 0.035, 0.035),
    "blue": (0.035, 0.10, 0.62),
    "green": (0.03, 0.26, 0.045),
    "brown": (0.24, 0.115, 0.04),
    "purple": (0.27, 0.06, 0.50),
    "cyan": (0.05, 0.53, 0.56),
    "yellow": (0.75, 0.58, 0.03),
}


@dataclass(frozen=True)
class _Camera:
    """What is the same in every frame of one size; vectors by component.

    Attributes:
        scale: Focal length in samples.
        axes: Unit vectors right, up and forward, float64 (3, 3).
        rays: Unit directions of the samples, float32 (3, row, column).
        ground: Where the middle of each pixel meets the plane, float32 (2, row, column).
        plane: Brightness of the empty plane, linear, float32 (row, column).
    """

    scale: float
    axes: Float64[np.ndarray, "3 3"]
    rays: np.ndarray
    ground: np.ndarray
    plane: np.ndarray


class _Window(NamedTuple):
    """Where one object may be seen.

    Attributes:
        frames: Which frames show it, int64 (shown,).
        top: First row of samples of the window there, int64 (shown,).
        left: First column, int64 (shown,).
        size: Rows and columns of every window.
    """

    frames: np.ndarray
    top: np.ndarray
    left: np.ndarray
    size: int


def render(
    scene: Scene,
    position: Float64[np.ndarray, "frame object 2"],
    angle: Float64[np.ndarray, "frame object"],
    resolution: int,
) -> Frames:
    """Draws frames.

    Args:
        scene: The objects.
        position: Centres of the footprints in metres, (frame, object, 2).
        angle: Turns about the vertical axis in radians, (frame, object).
        resolution: Height and width in pixels.

    Returns:
        uint8 (frame, height, width, 3), RGB.
    """
    camera = _camera(resolution)
    step = max(1, _CHUNK_PIXELS // resolution**2)
    frames = np.empty((len(position), resolution, resolution, 3), dtype=np.uint8)
    for start in range(0, len(position), step):
        part = slice(start, start + step)
        frames[part] = _render_chunk(scene, position[part], angle[part], camera)
    return frames


@lru_cache(maxsize=8)
def _camera(resolution: int) -> _Camera:
    eye = np.array(_EYE)
    forward = np.array(_LOOK_AT) - eye
    forward /= math.sqrt(float((forward * forward).sum()))
    right = np.array([forward[1], -forward[0], 0.0]) / math.hypot(forward[0], forward[1])
    up = np.cross(right, forward)
    axes = np.stack([right, up, forward])

    def directions(count: int) -> np.ndarray:
        across = ((np.arange(count) + 0.5) / count * 2 - 1) * _HALF_FIELD
        x, y = across[None, :, None], -across[:, None, None]
        rays = x * right + y * up + forward
        rays = rays / np.sqrt((rays * rays).sum(axis=-1, keepdims=True))
        return np.ascontiguousarray(np.moveaxis(rays, -1, 0))

    middle = directions(resolution)
    ground = eye[:2, None, None] - middle[:2] * eye[2] / middle[2]
    away = (ground[0] + 0.4) ** 2 + 0.55 * (ground[1] - 0.3) ** 2
    plane = 0.19 + 0.125 / (1 + away / 9.0)
    samples = resolution * SAMPLES
    arrays = [array.astype(np.float32) for array in (directions(samples), ground, plane)]
    for array in arrays:
        array.setflags(write=False)
    return _Camera(samples / (2 * _HALF_FIELD), axes, *arrays)


def _render_chunk(scene: Scene, position: np.ndarray, angle: np.ndarray, camera: _Camera) -> np.ndarray:
    """Frames uint8 (frame, row, column, 3)."""
    frames, samples = len(position), camera.rays.shape[1]
    light = np.broadcast_to(camera.plane, (frames, *camera.plane.shape))
    depth = np.full(frames * samples**2, np.inf, dtype=np.float32)
    colour = np.zeros((3, frames * samples**2), dtype=np.float32)
    for number, body in enumerate(scene.bodies):
        position_xy, turn = position[:, number], angle[:, number]
        if (np.abs(position_xy - _MIDDLE) < _REACH).all(axis=1).any():
            light = light * shadow(body, _pose(position_xy, turn), camera.ground, _SHIFT)
        window = _window(body, position_xy, camera)
        if len(window.frames):
            pose = _pose(position_xy[window.frames] - _EYE[:2], turn[window.frames])
            _draw(body, pose, window, camera, depth, colour)
    bare = 1 - _pixels(np.isfinite(depth).astype(np.float32), samples)
    picture = np.stack([_pixels(channel, samples) + bare * light for channel in colour], axis=-1)
    picture = np.sqrt(np.clip(picture, 0, 1)) * np.float32(255) + np.float32(0.5)
    stored: np.ndarray = picture.astype(np.uint8)
    return stored


def _pixels(values: np.ndarray, samples: int) -> np.ndarray:
    """Means over the samples of each pixel, (frame, row, column)."""
    square = values.reshape(-1, samples, samples)
    total = np.zeros((), dtype=np.float32)
    for row in range(SAMPLES):
        for column in range(SAMPLES):
            total = total + square[:, row::SAMPLES, column::SAMPLES]
    return np.asarray(total / np.float32(SAMPLES**2))


def _pose(position_xy: np.ndarray, turn: np.ndarray) -> Pose:
    return Pose(
        *(value.astype(np.float32) for value in (position_xy[:, 0], position_xy[:, 1], np.cos(turn), np.sin(turn)))
    )


def _window(body: Body, position_xy: np.ndarray, camera: _Camera) -> _Window:
    """The squares of samples that hold all an object shows; wide enough for the ball around it."""
    count = camera.rays.shape[1]
    reach = math.hypot(body.radius, 0 if body.shape == "sphere" else body.height / 2)
    centre = np.concatenate([position_xy, np.full((len(position_xy), 1), body.height / 2)], axis=1) - _EYE
    x, y, deep = ((centre * axis).sum(axis=1) for axis in camera.axes)
    ahead = deep > _NEAR
    near, far = np.where(ahead, deep, _NEAR) - reach, np.where(ahead, deep, _NEAR) + reach
    bounds = []
    for value in (-y, x):
        low, high = value - reach, value + reach
        low, high = np.minimum(low / near, low / far), np.maximum(high / near, high / far)
        bounds.append(np.floor(low * camera.scale + count / 2).astype(np.int64))
        bounds.append(np.ceil(high * camera.scale + count / 2).astype(np.int64))
    top, bottom, left, right = bounds
    shown = np.flatnonzero(ahead & (bottom > 0) & (right > 0) & (top < count) & (left < count))
    if not len(shown):
        return _Window(shown, shown, shown, 0)
    size = min(count, int(np.maximum(bottom - top, right - left)[shown].max()))
    return _Window(shown, np.clip(top[shown], 0, count - size), np.clip(left[shown], 0, count - size), size)


def _draw(body: Body, pose: Pose, window: _Window, camera: _Camera, depth: np.ndarray, colour: np.ndarray) -> None:
    """Adds one object to ``depth`` (sample,) and ``colour`` (3, sample), in place; samples of all frames in a row."""
    count = camera.rays.shape[1]
    rows = (window.top[:, None] + np.arange(window.size))[:, :, None]
    columns = (window.left[:, None] + np.arange(window.size))[:, None, :]
    sample = rows * count + columns
    # One flat index, and take rather than brackets: faster, and other threads run meanwhile.
    rays = camera.rays.reshape(3, -1).take(sample, axis=1)
    distance = distances(body, pose, _EYE[2], rays).ravel()
    sample = (sample + window.frames[:, None, None] * count**2).ravel()
    hit = np.flatnonzero(distance < depth.take(sample))
    at, reached, ray = sample.take(hit), distance.take(hit), rays.reshape(3, -1).take(hit, axis=1)
    here = Pose(*(value.take(hit // window.size**2) for value in pose))
    point = np.stack([reached * ray[0] - here.x, reached * ray[1] - here.y, reached * ray[2] + np.float32(_EYE[2])])
    shaded = _shade(body, ray, normals(body, here, point), point[2])
    depth[at] = reached
    for channel, values in zip(colour, shaded, strict=True):
        channel[at] = values


def _shade(body: Body, ray: np.ndarray, normal: np.ndarray, height: np.ndarray) -> list[np.ndarray]:
    """Linear red, green and blue of points on an object, float32 (point,) each.

    Args:
        body: The object.
        ray: Unit directions from the eye, (3, point).
        normal: Unit normals, (3, point).
        height: Above the plane in metres, (point,).
    """
    lamp, fill = _LAMP.astype(np.float32), _FILL.astype(np.float32)
    mirrored = ray - 2 * dot(ray, normal) * normal
    towards_lamp = np.maximum(dot(mirrored, lamp), 0)
    up = np.float32(0.5) + np.float32(0.5) * normal[2]
    open_sky = np.float32(0.5) + np.float32(0.5) * smoothstep(height / np.float32(0.5))
    diffuse = np.maximum(dot(normal, lamp), 0) * np.float32(0.90)
    diffuse = diffuse + np.maximum(dot(normal, fill), 0) * np.float32(0.20)
    diffuse = diffuse + (np.float32(0.12) + np.float32(0.30) * up) * open_sky
    colour = [np.float32(part) for part in _COLOURS[body.colour]]
    if body.material == "rubber":
        gloss = towards_lamp * towards_lamp
        gloss = gloss * gloss * np.float32(0.04)
        return [part * diffuse + gloss for part in colour]
    seen = _surroundings(mirrored, height)
    # An edge is thinner than a pixel, and a small highlight on it would flicker; on a sphere it is larger.
    start, width, strength = (0.90, 0.08, 0.9) if body.shape == "sphere" else (0.70, 0.30, 0.4)
    highlight = smoothstep((towards_lamp - np.float32(start)) / np.float32(width)) * np.float32(strength)
    edge = 1 - np.maximum(-dot(ray, normal), 0)
    edge = edge * edge * edge * np.float32(0.3) * seen
    return [part * (np.float32(0.35) * diffuse + np.float32(1.25) * seen) + edge + highlight for part in colour]


def _surroundings(mirrored: np.ndarray, height: np.ndarray) -> np.ndarray:
    """Brightness that a mirror shows: the plane below, dark where the object stands; above, a room with bright lights.

    Args:
        mirrored: Unit directions, (3, point).
        height: Of the mirroring point above the plane, in metres, (point,).
    """
    up = mirrored[2]
    to_plane = height / np.maximum(-up, np.float32(0.05))
    plane = np.float32(0.10) + np.float32(0.55) * smoothstep(to_plane / np.float32(1.6))
    room = np.float32(0.28) + np.float32(1.0) * smoothstep((up - np.float32(0.1)) / np.float32(0.7))
    window = smoothstep((mirrored[0] - np.float32(0.2)) / np.float32(0.35))
    window = window * smoothstep((np.float32(0.95) - mirrored[0]) / np.float32(0.35))
    result: np.ndarray = np.where(up < 0, plane, room) + np.float32(0.35) * window
    return result
