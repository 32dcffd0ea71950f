import math

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from vidmbench.sources.clevrer_mini import Body, Scene, simulate
from vidmbench.sources.clevrer_mini.scenes import MATERIALS, SHAPES

places = st.sampled_from([(x * 1.1, y * 1.1) for x in range(-1, 2) for y in range(-1, 2)])
speeds = st.floats(-3, 3, allow_nan=False)


@st.composite
def scenes(draw):
    bodies = tuple(
        Body(
            draw(st.sampled_from(SHAPES)),
            draw(st.sampled_from(MATERIALS)),
            "red",
            place,
            (draw(speeds), draw(speeds)),
            spin=draw(speeds),
        )
        for place in draw(st.lists(places, min_size=2, max_size=5, unique=True))
    )
    return Scene(bodies, has_friction=draw(st.booleans()))


@settings(max_examples=60, deadline=None, derandomize=True)
@given(scenes())
def test_any_crowd_keeps_momentum_loses_energy_and_stays_solid(scene):
    path = simulate(scene, 64)
    mass, radius = scene.array(lambda body: body.mass), scene.array(lambda body: body.radius)
    energy = (mass * (path.velocity**2).sum(axis=-1)).sum(axis=-1)
    assert (np.diff(energy) <= 1e-9 * (1 + energy[0])).all()
    if not scene.has_friction:
        momentum = (mass[:, None] * path.velocity).sum(axis=1)
        np.testing.assert_allclose(momentum - momentum[0], 0, atol=1e-9 * max(1.0, math.sqrt(energy[0] * mass.sum())))
    one, two = np.triu_indices(len(mass), 1)
    gaps = np.linalg.norm(path.position[:, one] - path.position[:, two], axis=-1) - radius[one] - radius[two]
    assert gaps.min() > -1e-3
    assert np.isfinite(path.angle).all()


@settings(max_examples=20, deadline=None, derandomize=True)
@given(scenes(), st.floats(0, math.tau))
def test_the_first_blow_falls_the_same_in_a_turned_world(scene, turn):
    cosine, sine = math.cos(turn), math.sin(turn)

    def turned(pair):
        return (cosine * pair[0] - sine * pair[1], sine * pair[0] + cosine * pair[1])

    rotated = Scene(
        tuple(
            Body(body.shape, body.material, body.colour, turned(body.position), turned(body.velocity))
            for body in scene.bodies
        ),
        has_friction=scene.has_friction,
    )
    here, there = simulate(scene, 64).collisions[:1], simulate(rotated, 64).collisions[:1]
    assert len(here) == len(there)
    for one, two in zip(here, there, strict=True):
        assert abs(one.time - two.time) < 1e-6
        assert abs(one.speed - two.speed) < 1e-6
