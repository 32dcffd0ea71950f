"""Where rays meet spheres, upright cylinders and upright cubes, and the shadows these throw on the plane.

Vectors are stored by component: an array (3, ...) or (2, ...) holds all x, then all y, then all z. Everything is
float32 and uses only + - * / and square roots, which round alike in every loop and on every machine.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from vidmbench.sources.clevrer_mini.scenes import Body

_FAR = np.float32(np.inf)
_EDGE = np.float32(0.22)  # the part of half a side over which an edge looks rounded


class Pose(NamedTuple):
    """Poses of one object in several frames, float32 (frame,) each, relative to the eye or to the plane's origin.

    Attributes:
        x: Centre of the footprint, to the right, in metres.
        y: ... away from the camera.
        cosine: Of the turn about the vertical axis.
        sine: Of the same.
    """

    x: np.ndarray
    y: np.ndarray
    cosine: np.ndarray
    sine: np.ndarray


def dot(a: Sequence[np.ndarray] | np.ndarray, b: Sequence[np.ndarray] | np.ndarray) -> np.ndarray:
    """Scalar product of vectors stored by component, 2 or 3 of them."""
    total: np.ndarray = a[0] * b[0]
    for x, y in zip(a[1:], b[1:], strict=True):
        total = total + x * y
    return np.asarray(total)


def smoothstep(value: np.ndarray) -> np.ndarray:
    """0 below 0, 1 above 1, smooth in between."""
    clipped = np.clip(value, np.float32(0), np.float32(1))
    result: np.ndarray = clipped * clipped * (np.float32(3) - np.float32(2) * clipped)
    return result


def distances(body: Body, pose: Pose, eye_height: float, rays: np.ndarray) -> np.ndarray:
    """How far rays go before they meet an object from outside.

    Args:
        body: The object.
        pose: Where it stands, seen from the point below the eye; (frame,).
        eye_height: Of the eye above the plane, in metres.
        rays: Unit directions from the eye, float32 (3, frame, row, column).

    Returns:
        Metres, infinity where the ray misses; float32 (frame, row, column).
    """
    spread = Pose(*(value[:, None, None] for value in pose))
    solve = {"sphere": _sphere, "cylinder": _cylinder, "cube": _cube}[body.shape]
    with np.errstate(divide="ignore", invalid="ignore"):
        return solve(body, spread, np.float32(eye_height), rays)


def _sphere(body: Body, pose: Pose, eye_height: np.float32, rays: np.ndarray) -> np.ndarray:
    radius = np.float32(body.radius)
    centre = (pose.x, pose.y, np.asarray(radius - eye_height))
    along = dot(rays, centre)
    beside = [along * ray - at for ray, at in zip(rays, centre, strict=True)]
    inside = radius * radius - dot(beside, beside)
    return np.where(inside > 0, along - np.sqrt(inside), _FAR)


def _cylinder(body: Body, pose: Pose, eye_height: np.float32, rays: np.ndarray) -> np.ndarray:
    radius, height = np.float32(body.radius), np.float32(body.height)
    flat = rays[0] * rays[0] + rays[1] * rays[1]
    along = (rays[0] * pose.x + rays[1] * pose.y) / flat
    beside = (along * rays[0] - pose.x, along * rays[1] - pose.y)
    inside = radius * radius - dot(beside, beside)
    side = along - np.sqrt(inside / flat)
    up = eye_height + side * rays[2]
    on_side = (inside > 0) & (up >= 0) & (up <= height)
    lid = (height - eye_height) / rays[2]
    on_lid = (lid * rays[0] - pose.x, lid * rays[1] - pose.y)
    is_lid = (dot(on_lid, on_lid) <= radius * radius) & (lid > 0)
    return np.where(is_lid, lid, np.where(on_side, side, _FAR))


def _cube(body: Body, pose: Pose, eye_height: np.float32, rays: np.ndarray) -> np.ndarray:
    half = np.float32(body.half_side)
    centre = (*_turned(pose, pose.x, pose.y), np.asarray(half - eye_height))
    local = (*_turned(pose, rays[0], rays[1]), rays[2])
    entry, leave = -_FAR, _FAR
    for ray, at in zip(local, centre, strict=True):
        low, high = (at - half) / ray, (at + half) / ray
        entry, leave = np.maximum(entry, np.minimum(low, high)), np.minimum(leave, np.maximum(low, high))
    return np.where((entry < leave) & (entry > 0), entry, _FAR)


def normals(body: Body, pose: Pose, point: np.ndarray) -> np.ndarray:
    """Unit vectors pointing out of an object; edges of cubes and cylinders are bent as if they were rounded.

    Args:
        body: The object.
        pose: Where it stands, one for each point; (point,).
        point: On its surface, relative to the middle of its footprint, float32 (3, point) in metres.

    Returns:
        float32 (3, point).
    """
    if body.shape == "sphere":
        return np.stack([point[0], point[1], point[2] - np.float32(body.radius)]) / np.float32(body.radius)
    if body.shape == "cylinder":
        radius, half = np.float32(body.radius), np.float32(body.height / 2)
        out = np.maximum(np.sqrt(point[0] * point[0] + point[1] * point[1]), np.float32(1e-6))
        outwards = _bent(out / radius) / out
        bent = np.stack([point[0] * outwards, point[1] * outwards, _bent((point[2] - half) / half)])
    else:
        half = np.float32(body.half_side)
        x, y = (_bent(value / half) for value in _turned(pose, point[0], point[1]))
        bent = np.stack([pose.cosine * x - pose.sine * y, pose.sine * x + pose.cosine * y, _bent(point[2] / half - 1)])
    unit: np.ndarray = bent / np.sqrt(dot(bent, bent))
    return unit


def _bent(value: np.ndarray) -> np.ndarray:
    """-1 to 1 on a box's faces to how far the normal leans that way: not at all but near the edge."""
    lean = np.maximum(np.abs(value) - (1 - _EDGE), np.float32(0)) / _EDGE
    signed: np.ndarray = np.copysign(lean, value)
    return signed


def _turned(pose: Pose, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """A direction in the plane as the turned object sees it."""
    return pose.cosine * x + pose.sine * y, pose.cosine * y - pose.sine * x


def shadow(body: Body, pose: Pose, ground: np.ndarray, shift: tuple[float, float]) -> np.ndarray:
    """How much light an object keeps from the plane: a thrown shadow and a darker rim where the two touch.

    Args:
        body: The object.
        pose: Its position on the plane; (frame,).
        ground: Points of the plane in metres, float32 (2, row, column).
        shift: How far the lamp moves the shadow of a point one metre up, (x, y) in metres.

    Returns:
        Light that is left, 0 to 1, float32 (frame, row, column).
    """
    spread = Pose(*(value[:, None, None] for value in pose))
    x, y = ground[0] - spread.x, ground[1] - spread.y
    end: np.ndarray = np.array(shift, dtype=np.float32) * np.float32(body.height)
    along = np.clip((x * end[0] + y * end[1]) / dot(end, end), np.float32(0), np.float32(1))
    thrown, footprint = _outlines(body, spread, x, y, end)
    blur = np.float32(0.05) + np.float32(0.16) * along
    strength = np.float32(0.70) - np.float32(0.18) * along
    key = np.float32(1) - strength * smoothstep(np.float32(0.5) - np.float32(0.5) * thrown / blur)
    near = np.float32(1) - np.maximum(footprint, np.float32(0)) / np.float32(0.32)
    near = np.maximum(near, np.float32(0))
    result: np.ndarray = key * (np.float32(1) - np.float32(0.45) * near * near)
    return result


def _outlines(body: Body, pose: Pose, x: np.ndarray, y: np.ndarray, end: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Distances in metres (negative inside) to the outline of the thrown shadow and to that of the footprint."""
    from_axis = np.sqrt(x * x + y * y)
    if body.shape == "sphere":
        radius = np.float32(body.radius)
        length2 = dot(end, end)
        stretch = np.sqrt(np.float32(1) + length2 / (np.float32(4) * radius * radius))
        from_x, from_y = x - end[0] / 2, y - end[1] / 2
        part = (from_x * end[0] + from_y * end[1]) / length2 * (np.float32(1) / stretch - np.float32(1))
        from_x, from_y = from_x + part * end[0], from_y + part * end[1]
        return np.sqrt(from_x * from_x + from_y * from_y) - radius, from_axis - radius * np.float32(0.45)
    if body.shape == "cylinder":
        part = np.clip((x * end[0] + y * end[1]) / dot(end, end), np.float32(0), np.float32(1))
        from_x, from_y = x - part * end[0], y - part * end[1]
        radius = np.float32(body.radius)
        return np.sqrt(from_x * from_x + from_y * from_y) - radius, from_axis - radius
    half = np.float32(body.half_side)
    x, y = _turned(pose, x, y)
    end_x, end_y = _turned(pose, end[:1], end[1:])
    length = np.sqrt(end_x * end_x + end_y * end_y)
    middle_x, middle_y = np.abs(x - end_x / 2) - np.abs(end_x) / 2, np.abs(y - end_y / 2) - np.abs(end_y) / 2
    across = np.abs(x * end_y - y * end_x) / length - half * (np.abs(end_x) + np.abs(end_y)) / length
    thrown = np.maximum(np.maximum(middle_x, middle_y) - half, across)
    out_x, out_y = np.maximum(np.abs(x) - half, np.float32(0)), np.maximum(np.abs(y) - half, np.float32(0))
    return thrown, np.sqrt(out_x * out_x + out_y * out_y)
