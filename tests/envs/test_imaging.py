"""Rendered images: effects, masks and depth of one instant."""

import subprocess
import sys
import threading

import numpy as np
import pytest

from ctr_env.errors import UsageError

SMALL = {"width": 64, "height": 48}


def test_the_image_of_an_instant_is_the_observed_one(make):
    """Also where none was observed: effects and their noise repeat."""
    settings = {"randomization": {"image.noise_std": 0.05, "image.blur_sigma_px": 1.0}, **SMALL}
    seeing, blind = make(obs_mode="image", **settings), make(obs_mode="state", **settings)
    obs, _ = seeing.reset(seed=3)
    blind.reset(seed=3)
    np.testing.assert_array_equal(blind.unwrapped.image(), obs["image"])
    np.testing.assert_array_equal(seeing.unwrapped.image(), obs["image"])


def test_effects_change_the_image(make):
    images = []
    for rules in ("none", {"image.noise_std": 0.05}):
        env = make(randomization=rules, obs_mode="image", **SMALL)
        images.append(env.reset(seed=3)[0]["image"].astype(int))
    assert np.abs(images[0] - images[1]).mean() > 1.0


def test_defocus_uses_the_depth(make):
    env = make(randomization={"image.defocus_px": 2.0}, obs_mode="image", **SMALL)
    sharp = make(obs_mode="image", **SMALL)
    assert not np.array_equal(env.reset(seed=3)[0]["image"], sharp.reset(seed=3)[0]["image"])


def test_the_mask_covers_the_keypoints_in_view(make):
    env = make(**SMALL).unwrapped
    env.reset(seed=0)
    mask, now = env.robot_mask(), env.snapshot
    assert mask.shape == (48, 64)
    points = now.camera_T_base.apply(env.kinematics.keypoints(env.scene.joint_positions))
    pixels = np.floor(now.camera.project(points)).astype(int)
    inside = now.camera.contains(now.camera.project(points))
    assert inside.any()
    assert mask[pixels[inside, 1], pixels[inside, 0]].mean() > 0.6


@pytest.mark.parametrize("mode", ["rgb_array", "depth_array"])
def test_nothing_is_rendered_before_the_first_episode(make, mode):
    env = make(render_mode=mode, **SMALL).unwrapped
    assert env.render() is None
    env.reset(seed=0)
    assert env.render().shape[:2] == (48, 64)


def test_rendering_in_another_thread_is_an_error_that_names_the_rule(make):
    env = make(obs_mode="image", **SMALL)
    env.reset(seed=0)
    caught = []

    def step():
        try:
            env.step(np.zeros(6, np.float32))
        except UsageError as error:
            caught.append(str(error))

    thread = threading.Thread(target=step)
    thread.start()
    thread.join()
    assert len(caught) == 1 and "a graphics context belongs to one thread" in caught[0]
    env.step(np.zeros(6, np.float32))  # this thread goes on


FORK = """
import gymnasium as gym
import ctr_env
def make():
    return gym.make("ctr_env/PandaServo-v0", obs_mode="image", width=64, height=48)
env = make()
env.reset(seed=0)
envs = gym.vector.AsyncVectorEnv([make, make], context="fork")
try:
    envs.reset(seed=1)
except Exception as error:
    print(type(error).__name__, error)
finally:
    envs.close(terminate=True)
"""


def test_workers_forked_after_rendering_end_with_an_error_that_names_the_remedy():
    """Without the check they wait in the graphics driver for ever."""
    done = subprocess.run([sys.executable, "-P", "-c", FORK], capture_output=True, text=True, timeout=60)
    assert done.stdout.startswith("UsageError"), done.stdout + done.stderr
    assert 'context="forkserver"' in done.stdout
