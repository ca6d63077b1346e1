import os
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
    """Random joint configurations, off-centre cameras, clutter and occluders: masks and what is drawn where agree."""
    samplers = [FrameSampler(robot, 320, 240, "strong", renderer=name) for name in ("classic", "filament")]
    for index in range(4):
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


def test_what_is_set_at_run_time_is_followed(lab):
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


def test_closing_twice_is_fine_and_drawing_after_it_is_not(lab):
    scene, _ = lab
    renderer = make_renderer("filament", scene.model, scene.camera_id, 64, 48)
    renderer.close()
    renderer.close()
    with pytest.raises(RenderError, match="closed"):
        renderer.rgb(scene.data)


def test_an_environment_draws_with_it_and_its_process_ends_well():
    code = (
        "import gymnasium as gym, ctr_env\n"
        "kwargs = dict(renderer='filament', randomization='workshop', obs_mode='image', width=64, height=48)\n"
        "envs = [gym.make(f'ctr_env/{robot}Servo-v0', **kwargs) for robot in ('Panda', 'Baxter')]\n"
        "print([int(env.reset(seed=1)[0]['image'].sum()) for env in envs])\n"  # none is closed
    )
    runs = []
    for unbuffered in ("", "1"):
        environment = os.environ | {"PYTHONUNBUFFERED": unbuffered}
        runs.append(subprocess.run([sys.executable, "-P", "-c", code], env=environment, capture_output=True, text=True))
    assert [run.returncode for run in runs] == [0, 0], runs[0].stderr
    assert runs[0].stdout == runs[1].stdout
    assert runs[0].stdout.count("\n") == 1  # Filament's own messages are kept quiet


def test_a_scene_that_was_never_drawn_can_go():
    """Its meshes, too: Filament reads them in a thread of its own until the first image is done."""
    code = (
        "import gc, time\n"
        "from ctr_env.scenes.rendering.registry import make_renderer\n"
        "from ctr_env.scenes.world.scene import Scene, SceneConfig\n"
        "def come_and_go():\n"
        "    scene = Scene(SceneConfig('panda', 64, 48, room='lab'))\n"
        "    renderers = [make_renderer('filament', scene.model, scene.camera_id, 64, 48) for _ in range(2)]\n"
        "    for renderer in renderers: renderer.close()\n"
        "come_and_go(); gc.collect(); time.sleep(1.0)\n"
    )
    run = subprocess.run([sys.executable, "-P", "-c", code], capture_output=True, text=True)
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
