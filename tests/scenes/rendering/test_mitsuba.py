import subprocess
import sys
from itertools import pairwise

import numpy as np
import pytest

from ctr_env.errors import RenderError
from ctr_env.geometry import PinholeCamera, look_at
from ctr_env.scenes.randomization.apply import apply_draws, sizes_of
from ctr_env.scenes.randomization.randomization import make_randomization
from ctr_env.scenes.rendering.registry import make_renderer
from ctr_env.scenes.world.config import SceneConfig
from ctr_env.scenes.world.scene import Scene

GROUPS = ("lights", "surfaces", "clutter", "occluders", "robot")


@pytest.fixture(scope="module")
def mitsuba_renderer(scene):
    pytest.importorskip("mitsuba")
    made = make_renderer("mitsuba", scene.model, scene.camera_id, scene.config.width, scene.config.height)
    yield made
    made.close()


@pytest.fixture
def dressed_view(random_view):
    """A random view of a scene with everything that the strong randomisation puts into it."""

    def place(scene, seed):
        random_view(scene, np.random.default_rng(seed))
        apply_draws(scene, make_randomization("strong").draw(seed, sizes_of(scene), groups=GROUPS))
        scene.place_arm(scene.joint_positions)  # poses of what has been placed

    return place


@pytest.mark.parametrize("seed", range(3))
def test_labels_are_those_of_the_classic_renderer(scene, renderer, mitsuba_renderer, dressed_view, seed):
    dressed_view(scene, seed)
    expected, found = renderer.segmentation(scene.data), mitsuba_renderer.segmentation(scene.data)
    assert (found.shape, found.dtype) == (expected.shape, np.int32)
    assert np.mean(found == expected) > 0.995
    mask, other = scene.robot_mask(expected), scene.robot_mask(found)
    assert (mask & other).sum() / (mask | other).sum() >= 0.995


def test_depth_is_that_of_the_classic_renderer(scene, renderer, mitsuba_renderer, dressed_view):
    dressed_view(scene, 0)
    depth = mitsuba_renderer.depth(scene.data)
    assert depth.dtype == np.float32
    error = np.abs(depth - renderer.depth(scene.data))
    assert np.median(error) < 1e-3
    assert np.quantile(error, 0.95) < 5e-3


@pytest.mark.parametrize("eye, looks_at", [((6.0, 1.0, 2.5), (0.0, 0.0, 3.5)), ((2.0, 1.0, 0.5), (-3.0, 0.0, 4.0))])
def test_backs_of_walls_and_the_sky_are_labelled_as_by_the_classic_renderer(
    scene, renderer, mitsuba_renderer, eye, looks_at
):
    scene.restore()
    camera = PinholeCamera.from_fov(1.0, scene.config.width, scene.config.height)
    scene.place_camera(camera, look_at(np.array(eye), np.array(looks_at)))
    expected, found = renderer.segmentation(scene.data), mitsuba_renderer.segmentation(scene.data)
    sky = (expected == -1) & (found == -1)
    assert 0.1 < sky.mean() < 0.9
    assert np.mean(found == expected) > 0.995
    far = renderer.depth(scene.data)[sky]
    np.testing.assert_allclose(mitsuba_renderer.depth(scene.data)[sky], far, rtol=1e-3)


def test_images_show_something_and_repeat_bit_for_bit(scene, mitsuba_renderer, dressed_view, monkeypatch):
    monkeypatch.setattr("ctr_env.scenes.rendering.mitsuba._SAMPLES_PER_PIXEL", 2)
    dressed_view(scene, 1)
    first = mitsuba_renderer.rgb(scene.data)
    assert (first.shape, first.dtype) == ((240, 320, 3), np.uint8)
    assert 40 < first.mean() < 200
    assert first.std() > 20
    np.testing.assert_array_equal(mitsuba_renderer.rgb(scene.data), first)


def test_images_lie_on_surfaces_as_in_the_classic_renderer(monkeypatch):
    pytest.importorskip("mitsuba")
    monkeypatch.setattr("ctr_env.scenes.rendering.mitsuba._SAMPLES_PER_PIXEL", 4)
    scene = Scene(SceneConfig("panda", 160, 120, board=True))
    board = scene.data.geom("board")
    eye = board.xpos + 0.6 * board.xmat.reshape(3, 3)[:, 2]
    scene.place_camera(PinholeCamera.from_fov(0.6, 160, 120), look_at(eye, board.xpos))
    renderers = [make_renderer(name, scene.model, scene.camera_id, 160, 120) for name in ("classic", "mitsuba")]
    labels = [made.segmentation(scene.data) for made in renderers]
    shared = (labels[0] == scene.model.geom("board_front").id) & (labels[0] == labels[1])
    assert shared.sum() > 1000
    grey = [made.rgb(scene.data)[shared].mean(axis=1) for made in renderers]
    assert np.corrcoef(*grey)[0, 1] > 0.9
    for made in renderers:
        made.close()


def test_brighter_lights_make_brighter_images(scene, mitsuba_renderer, monkeypatch):
    monkeypatch.setattr("ctr_env.scenes.rendering.mitsuba._SAMPLES_PER_PIXEL", 1)
    means = []
    for brightness in (0.0, 0.5, 1.0, 2.0):
        scene.restore()
        scene.model.light_diffuse[:] *= brightness
        means.append(mitsuba_renderer.rgb(scene.data).mean())
    scene.restore()
    assert all(a < b for a, b in pairwise(means))
    assert means[0] > 10
    assert means[-1] < 235


def test_pixels_that_are_not_square_are_rejected(scene, mitsuba_renderer):
    scene.restore()
    before = scene.camera
    scene.place_camera(PinholeCamera(300.0, 310.0, 160.0, 120.0, 320, 240), scene.world_T_camera)
    with pytest.raises(RenderError, match="square pixels"):
        mitsuba_renderer.segmentation(scene.data)
    scene.place_camera(before, scene.world_T_camera)


def test_closing_twice_is_fine_and_drawing_after_it_is_not(scene):
    pytest.importorskip("mitsuba")
    made = make_renderer("mitsuba", scene.model, scene.camera_id, 64, 48)
    made.close()
    made.close()
    with pytest.raises(RenderError, match="closed"):
        made.rgb(scene.data)


def test_without_the_package_the_extra_is_named(scene, monkeypatch):
    monkeypatch.setitem(sys.modules, "mitsuba", None)
    with pytest.raises(RenderError, match=r'pip install "ctr-env\[photoreal\]"'):
        make_renderer("mitsuba", scene.model, scene.camera_id, 64, 48)


def test_the_package_is_only_loaded_when_it_draws():
    code = "import sys, ctr_env.scenes.rendering.registry; sys.exit('mitsuba' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
