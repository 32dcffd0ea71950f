import math

import numpy as np
import pytest

from vidmbench.core.seeding import generator
from vidmbench.sources.clevrer_mini import Body, Scene, random_scene, simulate


def scene_of(split, index):
    return random_scene(generator(0, "clevrer-mini", split, index))


def momentum(scene, path):
    return (scene.array(lambda body: body.mass)[:, None] * path.velocity).sum(axis=1)


def energy(scene, path):
    return (scene.array(lambda body: body.mass) * (path.velocity**2).sum(axis=-1)).sum(axis=-1)


def smallest_gap(scene, path):
    radius = scene.array(lambda body: body.radius)
    one, two = np.triu_indices(len(radius), 1)
    apart = path.position[:, one] - path.position[:, two]
    return (np.linalg.norm(apart, axis=-1) - radius[one] - radius[two]).min()


def rolling(**changes):
    facts = {"position": (0.0, 0.0), "velocity": (1.0, 0.0)} | changes
    return Body("sphere", "rubber", "red", **facts)


def test_a_lone_object_slows_down_as_newton_says_and_then_stands():
    body = rolling(velocity=(0.3, 0.4))
    path = simulate(Scene((body,)), 128)
    speed = np.linalg.norm(path.velocity[:, 0], axis=-1)
    times = np.arange(128) / 25
    np.testing.assert_allclose(speed, np.maximum(0.5 - body.friction * times, 0), atol=1e-12)
    assert speed[-1] == 0
    way = 0.5**2 / (2 * body.friction)
    np.testing.assert_allclose(path.position[-1, 0], [0.6 * way, 0.8 * way], atol=1e-12)


def test_without_friction_nothing_slows_down():
    path = simulate(Scene((rolling(spin=1.0),), has_friction=False), 50)
    np.testing.assert_allclose(path.position[:, 0, 0], np.arange(50) / 25, atol=1e-12)
    np.testing.assert_allclose(path.angle[:, 0], np.arange(50) / 25, atol=1e-12)


def test_equal_bodies_that_meet_head_on_swap_speed_up_to_the_loss():
    one, two = rolling(velocity=(2.0, 0.0)), rolling(position=(1.5, 0.0), velocity=(0.0, 0.0))
    path = simulate(Scene((one, two), has_friction=False), 100)
    (collision,) = path.collisions
    assert collision.time == pytest.approx((1.5 - 2 * one.radius) / 2, abs=1e-4)
    assert collision.speed == pytest.approx(2.0)
    left = one.restitution
    np.testing.assert_allclose(path.velocity[-1], [[1 - left, 0], [1 + left, 0]], atol=1e-9)


def test_a_glancing_blow_leaves_the_tangential_part_alone_and_turns_both():
    one = Body("cube", "metal", "gray", (0.0, 0.0), (2.0, 0.0))
    two = Body("cube", "metal", "red", (2.0, 0.5))
    path = simulate(Scene((one, two), has_friction=False), 60)
    (collision,) = path.collisions
    contact = np.array([2.0 * collision.time, 0.0])
    normal = (np.array(two.position) - contact) / np.linalg.norm(np.array(two.position) - contact)
    tangent = np.array([-normal[1], normal[0]])
    assert path.velocity[-1, 0] @ tangent == pytest.approx(2.0 * tangent[0], abs=1e-3)
    assert path.velocity[-1, 1] @ tangent == pytest.approx(0.0, abs=1e-3)
    assert path.angle[-1, 0] != 0
    assert path.angle[-1, 1] != 0


@pytest.mark.parametrize("split", ["train", "test"])
def test_objects_never_overlap_and_energy_never_grows(split):
    for index in range(40):
        scene = scene_of(split, index)
        path = simulate(scene, 128)
        assert smallest_gap(scene, path) > -5e-4
        total = energy(scene, path)
        assert (np.diff(total) <= 1e-9 * total[0]).all()


def test_without_friction_total_momentum_stays_to_a_billionth():
    collisions = 0
    for index in range(40):
        scene = Scene(scene_of("train", index).bodies, has_friction=False)
        path = simulate(scene, 128)
        total = momentum(scene, path)
        np.testing.assert_allclose(total, np.broadcast_to(total[0], total.shape), rtol=0, atol=1e-9)
        collisions += len(path.collisions)
    assert collisions > 40


def test_three_in_a_row_and_objects_pressed_together_come_to_an_end():
    row = tuple(
        Body("cylinder", "rubber", colour, (0.7 * place, 0.0), ((2.5, 0.0) if place == 0 else (0.0, 0.0)))
        for place, colour in enumerate(("red", "blue", "green"))
    )
    pressed = Body("sphere", "metal", "gray", (-2.0, 0.02), (3.0, 0.0))
    scene = Scene((*row, pressed))
    path = simulate(scene, 400)
    assert smallest_gap(scene, path) > -5e-4
    assert not path.velocity[-1].any()
    assert path.position[-1, 2, 0] > row[2].position[0] + 0.3


def test_a_shorter_run_is_the_beginning_of_a_longer_one():
    for index in range(10):
        scene = scene_of("test", index)
        whole = simulate(scene, 128)
        just_after = [math.ceil(hit.time * 25) + 1 for hit in whole.collisions]
        for count in (1, 41, *just_after):
            part = simulate(scene, count)
            np.testing.assert_array_equal(part.position, whole.position[:count])
            np.testing.assert_array_equal(part.angle, whole.angle[:count])
            assert part.collisions == tuple(hit for hit in whole.collisions if hit.time <= (count - 1) / 25)


@pytest.mark.parametrize("split", ["train", "test"])
def test_most_scenes_see_a_collision_and_motion_from_the_start(split):
    paths = [simulate(scene_of(split, index), 128) for index in range(60)]
    assert np.mean([len(path.collisions) > 0 for path in paths]) >= 0.9
    moved = [np.linalg.norm(path.position[15] - path.position[0], axis=-1).max() for path in paths]
    assert np.mean(np.array(moved) > 0.5) >= 0.9


def test_scenes_have_two_to_five_different_objects_of_every_kind():
    scenes = [scene_of("train", index) for index in range(200)]
    assert {len(scene.bodies) for scene in scenes} == {2, 3, 4, 5}
    bodies = [body for scene in scenes for body in scene.bodies]
    assert len({body.colour for body in bodies}) == 8
    assert len({(body.shape, body.material) for body in bodies}) == 6
    for scene in scenes:
        looks = [(body.shape, body.material, body.colour) for body in scene.bodies]
        assert len(set(looks)) == len(looks)


def test_the_collision_disc_covers_a_cubes_corners():
    cube = Body("cube", "rubber", "red", (0.0, 0.0))
    assert math.hypot(cube.half_side, cube.half_side) == pytest.approx(cube.radius)
    assert cube.height == pytest.approx(2 * cube.half_side)
