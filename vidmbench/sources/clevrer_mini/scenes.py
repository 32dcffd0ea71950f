"""The objects of a clevrer-mini video at its first frame, and how a scene is drawn at random.

The plane is z = 0; x runs to the right of the image, y away from the camera. Lengths are metres, times seconds.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64

SHAPES = ("cube", "sphere", "cylinder")
MATERIALS = ("rubber", "metal")
COLOURS = ("gray", "red", "blue", "green", "brown", "purple", "cyan", "yellow")

# Ground that the camera sees: |x| < VIEW_HALF_WIDTH + VIEW_SPREAD * y. An object shows nothing in front of VIEW_FRONT;
# that is nearer to the camera than the lower border meets the plane, because tops are seen before feet.
VIEW_HALF_WIDTH = 2.2
VIEW_SPREAD = 0.2
VIEW_FRONT = -3.35

_RADIUS = {"cube": 0.45, "sphere": 0.38, "cylinder": 0.35}  # of the disc that collides; a cube's corners lie on it
_HEIGHT = {"cube": 0.45 * math.sqrt(2), "sphere": 0.76, "cylinder": 0.68}
_FRICTION = {"cube": 0.42, "sphere": 0.15, "cylinder": 0.36}  # deceleration in m/s^2; spheres roll
_FRICTION_OF = {"rubber": 1.15, "metal": 0.85}
_DENSITY = {"rubber": 1.0, "metal": 2.0}  # relative; only ratios of masses matter
_RESTITUTION = {"rubber": 0.65, "metal": 0.9}
_GAP = 0.12  # kept free between objects when they are placed
_MAX_TRIES = 200


@dataclass(frozen=True)
class Body:
    """One object as it stands at time zero.

    Attributes:
        shape: One of ``SHAPES``.
        material: One of ``MATERIALS``.
        colour: One of ``COLOURS``.
        position: Centre of the footprint (x, y) in metres.
        velocity: Metres per second.
        angle: Turn about the vertical axis in radians; seen on cubes only.
        spin: Radians per second; for the eye only, it carries no momentum.
    """

    shape: str
    material: str
    colour: str
    position: tuple[float, float]
    velocity: tuple[float, float] = (0.0, 0.0)
    angle: float = 0.0
    spin: float = 0.0

    @property
    def radius(self) -> float:
        """Radius in metres of the upright disc that stands for the object in collisions; it covers cube corners."""
        return _RADIUS[self.shape]

    @property
    def height(self) -> float:
        """Height in metres above the plane."""
        return _HEIGHT[self.shape]

    @property
    def half_side(self) -> float:
        """Half the edge of a cube whose corners are on the collision disc, in metres."""
        return self.radius / math.sqrt(2)

    @property
    def mass(self) -> float:
        """Mass in units of a litre of rubber."""
        volume = {
            "cube": self.height**3,
            "sphere": 4 / 3 * math.pi * self.radius**3,
            "cylinder": math.pi * self.radius**2 * self.height,
        }
        return 1000 * _DENSITY[self.material] * volume[self.shape]

    @property
    def friction(self) -> float:
        """Deceleration by friction in metres per second squared."""
        return _FRICTION[self.shape] * _FRICTION_OF[self.material]

    @property
    def restitution(self) -> float:
        """0 (sticks) to 1 (bounces without loss); a pair takes the geometric mean."""
        return _RESTITUTION[self.material]


@dataclass(frozen=True)
class Scene:
    """All objects of one video at time zero.

    Attributes:
        bodies: The objects; no two footprints overlap.
        has_friction: False makes everything slide for ever, which tests of momentum need.
    """

    bodies: tuple[Body, ...]
    has_friction: bool = True

    def array(self, value: Callable[[Body], float]) -> Float64[np.ndarray, " object"]:
        """One number of every object, such as its mass."""
        return np.array([value(body) for body in self.bodies], dtype=np.float64)


def half_width_of_view(y: float) -> float:
    """How far the view reaches to either side at depth ``y``, in metres."""
    return VIEW_HALF_WIDTH + VIEW_SPREAD * y


def random_scene(generator: np.random.Generator) -> Scene:
    """Draws 2 to 5 different objects; the first moves at once, towards the second, which is in view.

    Only ``Generator.random`` is used: numpy may change how its other distributions spend the raw stream.

    Args:
        generator: Where all chance comes from.

    Returns:
        A scene whose footprints keep clear of one another.
    """
    count = 2 + _pick(generator, 4)
    looks = _different_looks(generator, count)
    target = _standing(generator, looks[1])
    bodies = [target]
    for number, look in enumerate(looks):
        if number == 1:
            continue
        stands = number > 1 and generator.random() < 0.4
        for _ in range(_MAX_TRIES):
            body = _standing(generator, look) if stands else _entering(generator, look, bodies, is_first=number == 0)
            if _is_clear(body, bodies):
                bodies.append(body)
                break
    return Scene(tuple(bodies))


def _pick(generator: np.random.Generator, count: int) -> int:
    """A whole number from 0 to count - 1."""
    return min(int(generator.random() * count), count - 1)


def _between(generator: np.random.Generator, low: float, high: float) -> float:
    return low + (high - low) * generator.random()


def _different_looks(generator: np.random.Generator, count: int) -> list[tuple[str, str, str]]:
    """Shape, material and colour of each object; no two objects agree in all three."""
    looks: list[tuple[str, str, str]] = []
    while len(looks) < count:
        look = (
            SHAPES[_pick(generator, len(SHAPES))],
            MATERIALS[_pick(generator, len(MATERIALS))],
            COLOURS[_pick(generator, len(COLOURS))],
        )
        if look not in looks:
            looks.append(look)
    return looks


def _standing(generator: np.random.Generator, look: tuple[str, str, str]) -> Body:
    position = (_between(generator, -1.25, 1.25), _between(generator, -1.4, 1.3))
    return Body(*look, position=position, angle=_between(generator, 0.0, math.tau))


def _entering(
    generator: np.random.Generator, look: tuple[str, str, str], bodies: list[Body], *, is_first: bool
) -> Body:
    """An object that crosses the border of the view at a drawn time and heads for one that is there already."""
    aim = bodies[0] if is_first else bodies[_pick(generator, len(bodies))]
    arrives = _between(generator, -0.6, 0.1) if is_first else _between(generator, 0.3, 3.5)
    border = _on_border(generator, _RADIUS[look[0]])
    goal = aim.position if math.hypot(*aim.velocity) == 0 else (0.0, 0.0)
    distance = math.dist(border, goal)
    heading = math.atan2(goal[1] - border[1], goal[0] - border[0])
    heading += math.atan2(_between(generator, -0.4, 0.4), distance)
    friction = Body(*look, position=border).friction
    speed = math.sqrt(_between(generator, 1.1, 2.2) ** 2 + 2 * friction * distance)
    # Friction is undone back to time zero, so that the object reaches the border with just this speed.
    start_speed = speed + friction * arrives
    way = (speed + friction * arrives / 2) * arrives
    x, y = math.cos(heading), math.sin(heading)
    return Body(
        *look,
        position=(border[0] - way * x, border[1] - way * y),
        velocity=(start_speed * x, start_speed * y),
        angle=_between(generator, 0.0, math.tau),
        spin=_between(generator, -1.5, 1.5) + _between(generator, -2.0, 2.0) * max(arrives, 0.0),
    )


def _on_border(generator: np.random.Generator, radius: float) -> tuple[float, float]:
    """A footprint's centre just outside the view: left, right, or (one time in six) in front."""
    fraction = generator.random()
    along = generator.random()
    if fraction < 1 / 6:
        return (-1.4 + 2.8 * along, VIEW_FRONT - radius)
    y = -1.5 + 3.3 * along
    x = half_width_of_view(y) + radius
    return (x if fraction < 7 / 12 else -x, y)


def _is_clear(body: Body, others: list[Body]) -> bool:
    return all(math.dist(body.position, other.position) > body.radius + other.radius + _GAP for other in others)
