import json
import subprocess
import sys

import gymnasium as gym
import numpy as np
import pytest

from ctr_env.datasets.synthetic.sampler import FrameSampler
from ctr_env.errors import RenderError
from ctr_env.runs.seeds import frame_seed
from ctr_env.scenes.rendering.registry import make_renderer
from ctr_env.scenes.world.config import SceneConfig
from ctr_env.scenes.world.rooms import ROOMS
from ctr_env.scenes.world.scene import Scene


@pytest.fixture(scope="module")
def lab():
    scene = Scene(SceneConfig("panda", 160, 120, room="lab"))
    renderer = make_renderer("filament", scene.model, scene.camera_id, 160, 120)
    yield scene, renderer
    renderer.close()


@pytest.mark.parametrize("robot", ["panda", "baxter"])
def test_both_renderers_see_the_same_geometry(robot):
    """Random joint configurations, off-centre cameras, clutter and occluders: masks and keypoints agree."""
    samplers = [FrameSampler(robot, 320, 240, "strong", renderer=name) for name in ("classic", "filament")]
    for index in range(2):
        classic, filament = (s.sample(frame_seed("validation", 11, index)) for s in samplers)
        both, either = (classic.mask & filament.mask).sum(), (classic.mask | filament.mask).sum()
        assert either > 200
        assert both / either >= 0.995
        np.testing.assert_array_equal(classic.keypoints_px, filament.keypoints_px)
        assert np.abs(classic.image.astype(int) - filament.image).mean() > 5
    for sampler in samplers:
        sampler.close()


@pytest.mark.parametrize("room", ROOMS)
def test_depth_and_geoms_agree_in_every_room(room):
    scene = Scene(SceneConfig("baxter", 160, 120, room=room))
    renderers = [make_renderer(name, scene.model, scene.camera_id, 160, 120) for name in ("classic", "filament")]
    classic, filament = (r.segmentation(scene.data) for r in renderers)
    same = classic == filament
    assert same.mean() > 0.995
    a, b = (r.depth(scene.data) for r in renderers)
    np.testing.assert_allclose(a[same], b[same], rtol=2e-3)
    assert renderers[1].rgb(scene.data).std() > 20
    for renderer in renderers:
        renderer.close()


def test_images_repeat_bit_for_bit(lab):
    scene, renderer = lab
    scene.restore()
    first = renderer.rgb(scene.data)
    np.testing.assert_array_equal(renderer.rgb(scene.data), first)
    other = make_renderer("filament", scene.model, scene.camera_id, 160, 120)
    np.testing.assert_array_equal(other.rgb(scene.data), first)
    other.close()
    np.testing.assert_array_equal(renderer.rgb(scene.data), first)


def test_changes_of_the_model_at_run_time_are_rendered(lab):
    scene, renderer = lab
    scene.restore()
    before = renderer.rgb(scene.data).astype(int)
    table = scene.model.geom("table").id
    shown = renderer.segmentation(scene.data) == table
    scene.model.geom_rgba[table, :3] = (1.0, 0.0, 0.0)
    red = renderer.rgb(scene.data).astype(int)
    assert (red[shown][:, 0] - red[shown][:, 1]).mean() > 60
    scene.restore()
    scene.model.light_diffuse[:] *= 0.3
    scene.model.vis.headlight.ambient[:] *= 0.3
    assert renderer.rgb(scene.data).mean() < 0.75 * before.mean()
    scene.restore()
    scene.place_arm(scene.kinematics.home + 0.4)
    moved = renderer.segmentation(scene.data)
    assert (scene.robot_mask(moved) ^ scene.robot_mask(_classic(scene))).sum() <= 2
    scene.restore()
    np.testing.assert_array_equal(renderer.rgb(scene.data), before)


def test_closing_twice_is_allowed_and_rendering_afterwards_is_not(lab):
    scene, _ = lab
    renderer = make_renderer("filament", scene.model, scene.camera_id, 64, 48)
    renderer.close()
    renderer.close()
    with pytest.raises(RenderError, match="closed"):
        renderer.rgb(scene.data)


def test_processes_that_close_no_renderer_end_without_error():
    code = (
        "from ctr_env.scenes.rendering import filament_context\n"
        "from ctr_env.scenes.rendering.registry import make_renderer\n"
        "from ctr_env.scenes.world.config import SceneConfig\n"
        "from ctr_env.scenes.world.scene import Scene\n"
        "filament_context._require_driver = lambda: None\n"  # other tests try the driver, which takes a second
        "scene = Scene(SceneConfig('panda', 64, 48, room='workshop'))\n"
        "renderers = [make_renderer('filament', scene.model, scene.camera_id, 64, 48) for _ in range(2)]\n"
        "print([int(renderer.rgb(scene.data).sum()) for renderer in renderers])\n"
    )
    run = subprocess.run([sys.executable, "-P", "-c", code], capture_output=True, text=True, timeout=120)
    assert run.returncode == 0, run.stderr
    first, second = json.loads(run.stdout)  # nothing else is written there
    assert first == second > 0


def test_a_model_may_be_deleted_although_it_was_never_rendered():
    """Filament reads its meshes in another thread until the first image is finished."""
    code = (
        "import gc, time\n"
        "from ctr_env.scenes.rendering import filament_context\n"
        "from ctr_env.scenes.rendering.registry import make_renderer\n"
        "from ctr_env.scenes.world.config import SceneConfig\n"
        "from ctr_env.scenes.world.scene import Scene\n"
        "filament_context._require_driver = lambda: None\n"
        "def make_and_close():\n"
        "    scene = Scene(SceneConfig('panda', 64, 48, room='lab'))\n"
        "    renderers = [make_renderer('filament', scene.model, scene.camera_id, 64, 48) for _ in range(2)]\n"
        "    for renderer in renderers: renderer.close()\n"
        "make_and_close(); gc.collect(); time.sleep(0.5)\n"
    )
    run = subprocess.run([sys.executable, "-P", "-c", code], capture_output=True, text=True, timeout=60)
    assert run.returncode == 0, run.stderr


def test_environments_pass_the_checker():
    from gymnasium.utils.env_checker import check_env

    env = gym.make(
        "ctr_env/PandaServo-v0", renderer="filament", randomization="lab", obs_mode="image", width=64, height=48
    )
    check_env(env.unwrapped, skip_render_check=True)
    env.close()


def _classic(scene):
    renderer = make_renderer("classic", scene.model, scene.camera_id, 160, 120)
    found = renderer.segmentation(scene.data)
    renderer.close()
    return found
