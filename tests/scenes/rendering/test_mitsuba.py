import subprocess
import sys

import numpy as np
import pytest

from ctr_env.errors import RenderError
from ctr_env.geometry import PinholeCamera, look_at
from ctr_env.scenes.randomization.apply import apply_draws, sizes_of
from ctr_env.scenes.randomization.randomization import make_randomization
from ctr_env.scenes.rendering.registry import make_renderer
from ctr_env.scenes.world.config import SceneConfig
from ctr_env.scenes.world.scene import Scene

pytest.importorskip("mitsuba")

WIDTH, HEIGHT = 160, 120
GROUPS = ("lights", "surfaces", "clutter", "occluders", "robot")


def make_world(robot, **config):
    """A scene, its classic renderer and its Mitsuba renderer."""
    scene = Scene(SceneConfig(robot, WIDTH, HEIGHT, **config))
    return scene, *(make_renderer(name, scene.model, scene.camera_id, WIDTH, HEIGHT) for name in ("classic", "mitsuba"))


@pytest.fixture(scope="module")
def world():
    scene, classic, mitsuba = make_world("panda")
    yield scene, classic, mitsuba
    classic.close()
    mitsuba.close()


@pytest.fixture
def few_samples(monkeypatch):
    monkeypatch.setattr("ctr_env.scenes.rendering.mitsuba._SAMPLES_PER_PIXEL", 2)


@pytest.fixture
def randomize(random_view):
    """Randomises a scene strongly, seen from a random view."""

    def place(scene, seed):
        random_view(scene, np.random.default_rng(seed))
        apply_draws(scene, make_randomization("strong").draw(seed, sizes_of(scene), groups=GROUPS))
        scene.place_arm(scene.joint_positions)  # computes the poses of the placed objects

    return place


def assert_same_labels(scene, expected, found):
    assert (found.shape, found.dtype) == (expected.shape, np.int32)
    assert np.mean(found == expected) > 0.99
    mask, other = scene.robot_mask(expected), scene.robot_mask(found)
    assert (mask & other).sum() / (mask | other).sum() >= 0.99


def assert_same_depth(expected, found):
    assert found.dtype == np.float32
    error = np.abs(found - expected)
    assert np.median(error) < 1e-3
    assert np.quantile(error, 0.95) < 5e-3


def test_labels_and_depth_agree_with_the_classic_renderer(world, randomize):
    scene, classic, mitsuba = world
    randomize(scene, 0)
    assert_same_labels(scene, classic.segmentation(scene.data), mitsuba.segmentation(scene.data))
    assert_same_depth(classic.depth(scene.data), mitsuba.depth(scene.data))


@pytest.mark.parametrize("room", ["plain", pytest.param("workshop", marks=pytest.mark.slow)])
def test_labels_agree_for_the_other_robot_and_for_furniture(room, randomize):
    scene, classic, mitsuba = make_world("baxter", room=room)
    randomize(scene, 1)
    assert_same_labels(scene, classic.segmentation(scene.data), mitsuba.segmentation(scene.data))
    classic.close()


def test_walls_seen_from_behind_and_the_sky_agree_with_the_classic_renderer(world):
    scene, classic, mitsuba = world
    scene.restore()
    camera = PinholeCamera.from_fov(1.0, WIDTH, HEIGHT)
    scene.place_camera(camera, look_at(np.array([6.0, 1.0, 2.5]), np.array([0.0, 0.0, 3.5])))
    expected, found = classic.segmentation(scene.data), mitsuba.segmentation(scene.data)
    sky = (expected == -1) & (found == -1)
    assert 0.1 < sky.mean() < 0.9
    assert np.mean(found == expected) > 0.995
    far = classic.depth(scene.data)[sky]
    np.testing.assert_allclose(mitsuba.depth(scene.data)[sky], far, rtol=1e-3)


def test_images_repeat_bit_for_bit(world, randomize, few_samples):
    scene, _, mitsuba = world
    randomize(scene, 1)
    first = mitsuba.rgb(scene.data)
    assert (first.shape, first.dtype) == ((HEIGHT, WIDTH, 3), np.uint8)
    assert 40 < first.mean() < 200
    assert first.std() > 20
    np.testing.assert_array_equal(mitsuba.rgb(scene.data), first)


def test_textures_lie_as_in_the_classic_renderer(few_samples):
    """On the calibration board, whose pattern shows any reflection or rotation."""
    scene, classic, mitsuba = make_world("panda", board=True)
    board = scene.data.geom("board")
    eye = board.xpos + 0.6 * board.xmat.reshape(3, 3)[:, 2]
    scene.place_camera(PinholeCamera.from_fov(0.6, WIDTH, HEIGHT), look_at(eye, board.xpos))
    labels = [renderer.segmentation(scene.data) for renderer in (classic, mitsuba)]
    shared = (labels[0] == scene.model.geom("board_front").id) & (labels[0] == labels[1])
    assert shared.sum() > 1000
    grey = [renderer.rgb(scene.data)[shared].mean(axis=1) for renderer in (classic, mitsuba)]
    assert np.corrcoef(*grey)[0, 1] > 0.9
    classic.close()


def test_brighter_lights_make_brighter_images(world, few_samples):
    scene, _, mitsuba = world
    means = []
    for brightness in (0.0, 1.0, 2.0):
        scene.restore()
        scene.model.light_diffuse[:] *= brightness
        means.append(mitsuba.rgb(scene.data).mean())
    scene.restore()
    assert 10 < means[0] < means[1] < means[2] < 235


def test_pixels_that_are_not_square_are_rejected(world):
    scene, _, mitsuba = world
    scene.restore()
    before = scene.camera
    scene.place_camera(PinholeCamera(150.0, 155.0, 80.0, 60.0, WIDTH, HEIGHT), scene.world_T_camera)
    with pytest.raises(RenderError, match="square pixels"):
        mitsuba.segmentation(scene.data)
    scene.place_camera(before, scene.world_T_camera)


def test_closing_twice_is_allowed_and_rendering_afterwards_is_not(world):
    scene, *_ = world
    renderer = make_renderer("mitsuba", scene.model, scene.camera_id, WIDTH, HEIGHT)
    renderer.close()
    renderer.close()
    with pytest.raises(RenderError, match="closed"):
        renderer.rgb(scene.data)


def test_without_the_package_the_extra_is_named(world, monkeypatch):
    scene, *_ = world
    monkeypatch.setitem(sys.modules, "mitsuba", None)
    with pytest.raises(RenderError, match=r'pip install "ctr-env\[photoreal\]"'):
        make_renderer("mitsuba", scene.model, scene.camera_id, WIDTH, HEIGHT)


def test_the_package_is_only_imported_by_its_renderer():
    code = "import sys, ctr_env.scenes.rendering.registry; sys.exit('mitsuba' in sys.modules)"
    assert subprocess.run([sys.executable, "-P", "-c", code], check=False).returncode == 0
