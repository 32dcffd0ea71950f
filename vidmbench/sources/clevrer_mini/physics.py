"""Motion of the toy world: discs on a plane that slide straight, slow down by friction and collide.

Between two collisions every path is known in closed form (speed falls by a constant rate until it is zero), so
nothing is integrated. Small sub-steps only look for the next contact; the moment of contact is then narrowed down.
Turning is for the eye: collisions start it and friction stops it, but it takes no part in momentum or energy.
"""

import math
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64

from vidmbench.sources.clevrer_mini.scenes import Scene

FRAME_RATE = 25.0
SLOP = 1e-4  # metres two discs may overlap before they count as touching; pressing contacts would never end without

_SUB_STEP = 1 / 200  # seconds; nothing moves more than 3 cm in it, so a missed grazing overlap stays below SLOP's order
_NARROWING = 32  # parts an interval is cut into, four times over: 5 ns in the end
_MIN_STEP = 1e-4  # seconds between two contacts, so that the simulation always comes to an end
_SLOW = 0.03  # metres per second; contacts slower than this do not bounce
_MAX_PASSES = 25
_SPIN_FRICTION = 2.0  # radians per second squared
_SPIN_TRANSFER = 0.5


@dataclass(frozen=True)
class Collision:
    """Two objects that struck each other.

    Attributes:
        time: Seconds since the first frame.
        first: Index of one object.
        second: Index of the other.
        speed: How fast they approached along the line of centres, in metres per second.
    """

    time: float
    first: int
    second: int
    speed: float


@dataclass(frozen=True)
class Trajectory:
    """Where everything is in every frame.

    Attributes:
        position: Centres of the footprints in metres, float64 (frame, object, 2).
        velocity: Metres per second, float64 (frame, object, 2).
        angle: Turn about the vertical axis in radians, float64 (frame, object).
        collisions: In order of time, up to the last frame.
    """

    position: Float64[np.ndarray, "frame object 2"]
    velocity: Float64[np.ndarray, "frame object 2"]
    angle: Float64[np.ndarray, "frame object"]
    collisions: tuple[Collision, ...]


@dataclass(frozen=True)
class _State:
    """One moment, or several with a time axis in front."""

    position: Float64[np.ndarray, "*time object 2"]
    velocity: Float64[np.ndarray, "*time object 2"]
    angle: Float64[np.ndarray, "*time object"]
    spin: Float64[np.ndarray, "*time object"]


@dataclass(frozen=True)
class _Bodies:
    """What never changes: float64 (object,) each, and all pairs as two index arrays (pair,)."""

    radius: Float64[np.ndarray, " object"]
    mass: Float64[np.ndarray, " object"]
    friction: Float64[np.ndarray, " object"]
    restitution: Float64[np.ndarray, " object"]
    spin_friction: float
    first: np.ndarray
    second: np.ndarray


def simulate(scene: Scene, num_frames: int) -> Trajectory:
    """Moves a scene through time.

    The frames do not depend on how many are asked for: a shorter run is the beginning of a longer one, bit by bit.

    Args:
        scene: The objects at frame 0; footprints that overlap there are pushed apart.
        num_frames: At least 1.

    Returns:
        The paths at 25 frames per second.
    """
    bodies = _bodies(scene)
    state = _State(
        np.array([body.position for body in scene.bodies], dtype=np.float64).reshape(-1, 2),
        np.array([body.velocity for body in scene.bodies], dtype=np.float64).reshape(-1, 2),
        scene.array(lambda body: body.angle),
        scene.array(lambda body: body.spin),
    )
    times = np.arange(num_frames) / FRAME_RATE
    now, collisions = 0.0, list[Collision]()
    pieces: list[_State] = []
    while True:
        contact = _next_contact(state, bodies, times[-1] - now)
        until = now + contact
        here = times[(times >= now) & (times < until)]
        pieces.append(_drift(state, bodies, here - now))
        if contact == math.inf:
            break
        moved = _drift(state, bodies, np.array([contact]))
        state = _State(moved.position[0], moved.velocity[0], moved.angle[0], moved.spin[0])
        state, struck = _collide(state, bodies, until)
        collisions += struck
        now = until
    return Trajectory(
        np.concatenate([piece.position for piece in pieces]),
        np.concatenate([piece.velocity for piece in pieces]),
        np.concatenate([piece.angle for piece in pieces]),
        tuple(collision for collision in collisions if collision.time <= times[-1]),
    )


def _bodies(scene: Scene) -> _Bodies:
    first, second = np.triu_indices(len(scene.bodies), 1)
    return _Bodies(
        radius=scene.array(lambda body: body.radius),
        mass=scene.array(lambda body: body.mass),
        friction=scene.array(lambda body: body.friction if scene.has_friction else 0.0),
        restitution=scene.array(lambda body: body.restitution),
        spin_friction=_SPIN_FRICTION if scene.has_friction else 0.0,
        first=first,
        second=second,
    )


def _slide(
    speed: Float64[np.ndarray, " object"], friction: Float64[np.ndarray, " object"] | float, times: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Way covered and speed left after each time, both (time, object); ``speed`` is not negative."""
    with np.errstate(divide="ignore", invalid="ignore"):
        stop = np.where(speed > 0, speed / friction, 0.0)
    moving = np.minimum(times[:, None], stop)
    left = np.where(times[:, None] < stop, speed - friction * moving, 0.0)
    return (speed - friction * moving / 2) * moving, left


def _drift(state: _State, bodies: _Bodies, times: np.ndarray) -> _State:
    """The state after each of ``times`` (time,), were there no contact; a time axis comes first."""
    speed = _length(state.velocity)
    heading = state.velocity / np.where(speed > 0, speed, 1.0)[:, None]
    way, left = _slide(speed, bodies.friction, times)
    turn, spin = _slide(np.abs(state.spin), bodies.spin_friction, times)
    sense = np.sign(state.spin)
    return _State(
        state.position + way[..., None] * heading,
        left[..., None] * heading,
        state.angle + turn * sense,
        spin * sense,
    )


def _gaps(state: _State, bodies: _Bodies, times: np.ndarray) -> np.ndarray:
    """Free space between the discs of each pair, float64 (time, pair), negative where they overlap."""
    speed = _length(state.velocity)
    heading = state.velocity / np.where(speed > 0, speed, 1.0)[:, None]
    way, _ = _slide(speed, bodies.friction, times)
    apart = (state.position[bodies.second] - state.position[bodies.first]).T[:, None, :] + (
        way[:, bodies.second] * heading[bodies.second].T[:, None, :]
        - way[:, bodies.first] * heading[bodies.first].T[:, None, :]
    )
    reach = bodies.radius[bodies.first] + bodies.radius[bodies.second]
    gaps: np.ndarray = np.sqrt(apart[0] * apart[0] + apart[1] * apart[1]) - reach
    return gaps


def _length(vectors: np.ndarray) -> np.ndarray:
    lengths: np.ndarray = np.sqrt(vectors[..., 0] * vectors[..., 0] + vectors[..., 1] * vectors[..., 1])
    return lengths


def _any_touches(state: _State, bodies: _Bodies, times: np.ndarray) -> np.ndarray:
    """Whether some pair overlaps by more than ``SLOP`` after each of ``times``, bool (time,)."""
    return np.asarray((_gaps(state, bodies, times) < -SLOP).any(axis=1))


def _next_contact(state: _State, bodies: _Bodies, horizon: float) -> float:
    """Seconds until two discs first overlap by ``SLOP``; infinity where that is after the horizon."""
    if horizon <= 0 or not state.velocity.any() or not len(bodies.first):
        return math.inf
    times = np.arange(math.ceil(horizon / _SUB_STEP) + 1) * _SUB_STEP
    touches = _any_touches(state, bodies, times)
    touches[0] = False
    if not touches.any():
        return math.inf
    end = int(touches.argmax())
    low, high = float(times[end - 1]), float(times[end])
    for _ in range(4):
        times = low + (high - low) * np.arange(1, _NARROWING + 1) / _NARROWING
        touches = _any_touches(state, bodies, times)
        touches[-1] = True
        end = int(touches.argmax())
        low, high = (low if end == 0 else float(times[end - 1])), float(times[end])
    return max(high, _MIN_STEP)


def _collide(state: _State, bodies: _Bodies, time: float) -> tuple[_State, list[Collision]]:
    """Exchanges momentum within every touching pair and pushes the discs apart about their centre of mass."""
    position, velocity, spin = state.position.copy(), state.velocity.copy(), state.spin.copy()
    struck: list[Collision] = []
    reach = bodies.radius[bodies.first] + bodies.radius[bodies.second]
    for _ in range(_MAX_PASSES):
        gaps = _length(position[bodies.second] - position[bodies.first]) - reach
        settled = not (gaps < -SLOP / 2).any()
        for pair in np.flatnonzero(gaps < SLOP / 2):
            first, second = int(bodies.first[pair]), int(bodies.second[pair])
            way = position[second] - position[first]
            apart = math.sqrt(way[0] * way[0] + way[1] * way[1])
            normal, overlap = way / apart, reach[pair] - apart
            share = bodies.mass[second] / (bodies.mass[first] + bodies.mass[second])
            if overlap > 0:
                position[first] -= normal * overlap * share
                position[second] += normal * overlap * (1 - share)
            against = velocity[first] - velocity[second]
            approach = float(against[0] * normal[0] + against[1] * normal[1])
            if approach <= 1e-9:
                continue
            settled = False
            bounce = math.sqrt(bodies.restitution[first] * bodies.restitution[second]) if approach > _SLOW else 0.0
            push = (1 + bounce) * approach * normal
            velocity[first] -= push * share
            velocity[second] += push * (1 - share)
            if approach > _SLOW:
                struck.append(Collision(time, first, second, approach))
                slip = _SPIN_TRANSFER * float(normal[0] * against[1] - normal[1] * against[0])
                spin[first] -= slip / bodies.radius[first]
                spin[second] -= slip / bodies.radius[second]
        if settled:
            break
    return _State(position, velocity, state.angle, spin), struck
