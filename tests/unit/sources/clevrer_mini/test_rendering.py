import math

import numpy as np
import pytest

from vidmbench.sources.clevrer_mini import Body, Scene, render
from vidmbench.sources.clevrer_mini.rendering import _camera
from vidmbench.sources.clevrer_mini.scenes import VIEW_FRONT, half_width_of_view
from vidmbench.sources.clevrer_mini.shapes import Pose, distances, normals

FAR_AWAY = Body("sphere", "rubber", "red", (50.0, 0.0))


def picture(*bodies, resolution=64):
    position = np.array([[body.position for body in bodies]], dtype=np.float64)
    angle = np.array([[body.angle for body in bodies]], dtype=np.float64)
    return render(Scene(bodies), position, angle, resolution)[0].astype(int)


def differs(one, two, by=0):
    return np.abs(one - two).max(axis=-1) > by


@pytest.mark.parametrize("resolution", [32, 64, 128])
def test_the_empty_plane_is_a_calm_grey(resolution):
    plane = picture(FAR_AWAY, resolution=resolution)
    assert plane.shape == (resolution, resolution, 3)
    assert (plane == plane[..., :1]).all()
    assert 100 < plane.min() < plane.max() < 160
    assert np.abs(np.diff(plane, axis=0)).max() <= 4


@pytest.mark.parametrize("shape", ["cube", "sphere", "cylinder"])
def test_an_object_shows_its_colour_and_darkens_the_plane_beside_it(shape):
    plane, shown = picture(FAR_AWAY), picture(Body(shape, "rubber", "red", (0.0, 0.5), angle=0.4))
    red = (shown[..., 0] - shown[..., 1]) > 40
    assert 60 < red.sum() < 400
    rows, columns = np.nonzero(red)
    assert abs(columns.mean() - 31.5) < 1.5
    assert 22 < rows.mean() < 34
    shaded = differs(plane, shown, by=12) & (shown.max(axis=-1) - shown.min(axis=-1) <= 1)
    assert shaded.sum() > 15
    assert (shown[shaded] < plane[shaded]).all()
    assert np.nonzero(shaded)[1].mean() > columns.mean(), "the lamp stands on the left"


def test_metal_has_a_brighter_highlight_than_rubber():
    rubber, metal = (picture(Body("sphere", material, "blue", (0.0, 0.5))) for material in ("rubber", "metal"))
    assert metal.min(axis=-1).max() > 200
    assert rubber[28:36, 26:38].min(axis=-1).max() < 150


def test_a_nearer_object_hides_a_farther_one_whatever_their_order():
    near, far = Body("cube", "rubber", "red", (0.0, -0.6)), Body("sphere", "rubber", "blue", (0.0, 0.4))
    assert (picture(near, far) == picture(far, near)).all()
    blue = [(shown[..., 2] - shown[..., 0] > 40).sum() for shown in (picture(far), picture(near, far))]
    assert 0 < blue[1] < blue[0] * 0.8


def test_a_cube_turns_and_a_cylinder_does_not_show_it():
    for shape, seen in (("cube", True), ("cylinder", False)):
        pictures = [picture(Body(shape, "rubber", "green", (0.2, 0.1), angle=angle)) for angle in (0.0, 0.5)]
        assert differs(*pictures, by=8).any() == seen
    quarter = [picture(Body("cube", "rubber", "green", (0.2, 0.1), angle=angle)) for angle in (0.3, 0.3 + math.pi / 2)]
    assert not differs(*quarter, by=2).any()


@pytest.mark.parametrize("shape", ["cube", "sphere", "cylinder"])
def test_an_object_at_the_border_of_the_view_is_just_outside(shape):
    plane = picture(FAR_AWAY)
    radius = Body(shape, "rubber", "red", (0.0, 0.0)).radius
    for y in (-1.5, 0.0, 1.8):
        for side in (-1, 1):
            outside = picture(Body(shape, "rubber", "red", (side * (half_width_of_view(y) + radius + 0.12), y)))
            inside = picture(Body(shape, "rubber", "red", (side * (half_width_of_view(y) - radius), y)))
            assert not ((outside[..., 0] - outside[..., 1]) > 40).any()
            assert ((inside[..., 0] - inside[..., 1]) > 40).sum() > 40
    assert not differs(plane, picture(Body(shape, "rubber", "red", (0.3, VIEW_FRONT - radius))), by=40).any()


@pytest.mark.parametrize("place", [(0.0, -9.0), (0.0, -7.9), (4.0, -8.0), (0.0, 60.0), (0.0, -30.0)])
def test_objects_below_behind_and_far_off_leave_the_picture_alone(place):
    plane, shown = picture(FAR_AWAY), picture(Body("cube", "metal", "yellow", place))
    assert differs(plane, shown).sum() < 12


@pytest.mark.parametrize("shape", ["cube", "sphere", "cylinder"])
def test_rays_end_on_the_surface_where_the_normal_faces_them(shape):
    body = Body(shape, "rubber", "red", (0.0, 0.0))
    rays = _camera(128).rays[:, None]
    eye = np.array([0.0, -8.0, 5.3])
    turn = np.float32(0.4)
    pose = Pose(*(np.array([value], dtype=np.float32) for value in (0.1, 8.3, math.cos(turn), math.sin(turn))))
    distance = distances(body, pose, 5.3, rays)
    hit = np.isfinite(distance)
    assert hit.sum() > 500
    point = distance[hit] * rays[:, hit] - np.array([[0.1], [8.3], [-eye[2]]], dtype=np.float32)
    across = np.hypot(point[0], point[1])
    x, y = math.cos(turn) * point[0] + math.sin(turn) * point[1], math.cos(turn) * point[1] - math.sin(turn) * point[0]
    on_surface = {
        "sphere": np.sqrt(across**2 + (point[2] - body.radius) ** 2) - body.radius,
        "cylinder": np.maximum(across - body.radius, np.abs(point[2] - body.height / 2) - body.height / 2),
        "cube": np.maximum(
            np.maximum(np.abs(x), np.abs(y)) - body.half_side, np.abs(point[2] - body.half_side) - body.half_side
        ),
    }[shape]
    np.testing.assert_allclose(on_surface, 0, atol=1e-4)
    normal = normals(body, Pose(*(np.broadcast_to(value, point[0].shape) for value in pose)), point)
    np.testing.assert_allclose((normal**2).sum(axis=0), 1, atol=1e-4)
    away = (normal * rays[:, hit]).sum(axis=0)
    assert (away < 0.75).all(), "a rounded edge bends the normal by half a right angle at most"
    assert (away < 0).mean() > 0.9


def test_a_shadow_reaches_into_view_before_its_object_whatever_else_is_drawn():
    body = Body("cube", "rubber", "red", (0.0, 0.0))
    places = np.array([[[-2.9, 0.0]], [[-1.5, 0.0]], [[0.0, 40.0]]])
    together = render(Scene((body,)), places, np.zeros((3, 1)), 64)
    alone = np.concatenate([render(Scene((body,)), place[None], np.zeros((1, 1)), 64) for place in places])
    np.testing.assert_array_equal(together, alone)
    darker = differs(alone[0].astype(int), alone[2].astype(int), by=10)
    assert darker.any()
    assert (alone[0][darker] == alone[0][darker][:, :1]).all(), "the object itself is not seen yet"


def test_what_stands_still_does_not_flicker_while_something_else_moves():
    bodies = (Body("cube", "metal", "cyan", (-1.4, 0.3), angle=0.4), Body("sphere", "metal", "red", (0.0, 0.0)))
    position = np.array([[[-1.4, 0.3], [0.4 + 0.05 * step, 0.1]] for step in range(20)])
    frames = render(Scene(bodies), position, np.array([[0.4, 0.0]] * 20), 64)
    assert (frames[:, :, :22] == frames[:1, :, :22]).all()
    assert (frames[1:, :, 40:] != frames[:-1, :, 40:]).any()


@pytest.mark.parametrize("shape", ["cube", "sphere", "cylinder"])
@pytest.mark.parametrize("material", ["rubber", "metal"])
def test_a_slow_object_does_not_twinkle(shape, material):
    body = Body(shape, material, "yellow", (0.0, 0.0))
    steps = np.linspace(0, 0.15, 24)  # two pixels and a little
    position = np.stack([steps, 0.3 + 0.2 * steps], axis=1)[:, None]
    plane = render(Scene((FAR_AWAY,)), np.array([[[50.0, 0.0]]]), np.zeros((1, 1)), 64)
    shown = (render(Scene((body,)), position, np.full((24, 1), 0.3), 64).astype(float) - plane).sum(axis=(1, 2))
    trend = np.polyval(np.polyfit(steps, shown[:, 2], 1), steps)
    assert np.abs(shown[:, 2] - trend).max() < 0.025 * np.abs(trend).mean()
