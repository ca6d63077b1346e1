"""What is measured, and what the estimator is given."""

import dataclasses

import numpy as np
import pytest

from ctr_env.estimators import PoseEstimate, PoseEstimator


class Recorder(PoseEstimator):
    """Finds nothing, and keeps what it was given."""

    def __init__(self, needs_image=False, needs_truth=False):
        self.needs_image, self.needs_truth = needs_image, needs_truth
        self.frames, self.truths = [], []

    def observe_truth(self, truth):
        self.truths.append(truth)

    def estimate(self, frame):
        self.frames.append(frame)
        return PoseEstimate.invalid("nothing", frame.time_s)


def test_joints_are_measured_with_the_encoders_bias(make):
    estimator = Recorder()
    env = make(estimator=estimator, randomization={"preset": "none", "sensors.joint_bias": 0.01}).unwrapped
    env.reset(seed=0)
    np.testing.assert_allclose(estimator.frames[0].joint_positions - env.scene.joint_positions, 0.01, atol=1e-12)


def test_the_truth_is_given_only_where_it_is_needed(make, run):
    for needed in (False, True):
        estimator = Recorder(needs_truth=needed)
        env = make(estimator=estimator)
        env.reset(seed=0)
        run(env, 3)
        assert len(estimator.frames) == 4
        assert len(estimator.truths) == (4 if needed else 0)
    now = env.unwrapped.snapshot
    last = estimator.truths[-1]
    assert last.time_s == estimator.frames[-1].time_s == now.time_s
    np.testing.assert_array_equal(last.camera_T_base.as_matrix(), now.camera_T_base.as_matrix())
    expected = now.camera_T_base * now.base_T_ee
    np.testing.assert_allclose(last.camera_T_ee.as_matrix(), expected.as_matrix(), atol=1e-12)


def test_images_are_rendered_only_where_they_are_used(make):
    for needed, obs_mode in ((False, "state"), (True, "state"), (False, "image")):
        estimator = Recorder(needs_image=needed)
        env = make(estimator=estimator, obs_mode=obs_mode, width=64, height=48)
        env.reset(seed=0)
        given = estimator.frames[0].image
        assert (given is not None) == (needed or obs_mode == "image")
        assert given is None or given.shape == (48, 64, 3)


def test_frames_whose_image_the_estimator_does_not_want_are_not_rendered(make, run, monkeypatch):
    class EveryThird(Recorder):
        def wants_image(self, time_s):
            return round(time_s * 30) % 3 == 0

    estimator = EveryThird(needs_image=True)
    env = make(estimator=estimator, obs_mode="state", width=64, height=48)
    env.reset(seed=0)
    drawn = []
    renderer = env.unwrapped._world.camera.renderer
    monkeypatch.setattr(renderer, "rgb", lambda data, rgb=renderer.rgb: drawn.append(data.time) or rgb(data))
    run(env, 5)
    assert [frame.image is not None for frame in estimator.frames] == [True, False, False, True, False, False]
    assert len(drawn) == 1
    assert env.unwrapped.snapshot.image is None
    image = env.unwrapped.image()  # on demand, the same as if it had been wanted
    always = make(estimator=Recorder(needs_image=True), obs_mode="state", width=64, height=48)
    always.reset(seed=0)
    run(always, 5)
    np.testing.assert_array_equal(image, always.unwrapped.snapshot.image)


def test_fields_drawn_for_each_frame_are_recorded(make):
    env = make(randomization={"image.exposure": {"uniform": [0.7, 0.9], "when": "frame"}}, obs_mode="image",
               width=64, height=48)  # fmt: skip
    _, first = env.reset(seed=0)
    *_, second = env.step(np.zeros(6, np.float32))
    assert first["frame_draws"].keys() == {"image.exposure"}
    assert first["frame_draws"]["image.exposure"] != second["frame_draws"]["image.exposure"]


@pytest.mark.parametrize("estimator", ["ctrnet", "charuco"])
def test_images_without_content_make_invalid_estimates_and_no_errors(make, monkeypatch, estimator):
    """Black, white, constant, striped and random images while the loop runs: a step never raises."""
    env = make(estimator=estimator, width=160, height=120)
    env.reset(seed=0)
    noise = np.random.default_rng(0).integers(0, 256, (120, 160, 3), dtype=np.uint8)
    stripes = np.zeros_like(noise)
    stripes[:, ::8] = 255
    images = iter([noise * 0, noise * 0 + 255, noise * 0 + 127, stripes, stripes.transpose(1, 0, 2)[:120], noise])
    monkeypatch.setattr(env.unwrapped._world.camera, "image", lambda *_: np.resize(next(images), (120, 160, 3)))
    for _ in range(6):
        obs, reward, *_, info = env.step(np.zeros(6, np.float32))
        assert env.observation_space.contains(obs)
        assert np.isfinite(reward)
        assert info["estimate_valid"] or info["estimate_reason"]
    assert not info["estimate_valid"]


@pytest.mark.parametrize("pixels", ["one_point", "one_line", "nothing_finite"])
def test_degenerate_detections_of_ctrnet_make_invalid_estimates_and_no_errors(make, monkeypatch, pixels):
    """Detections that determine no pose: all in one point, all on one line, or not finite."""
    env = make(estimator="ctrnet", width=160, height=120)
    env.reset(seed=0)
    detector = env.unwrapped.estimator.detector
    detect = type(detector).detect

    def degenerate(*args, **kwargs):
        found = []
        for detection in detect(*args, **kwargs):
            points = np.full_like(detection.pixels, np.nan)
            if pixels == "one_point":
                points[:] = (80.0, 60.0)
            elif pixels == "one_line":
                points[:] = np.linspace((40.0, 30.0), (120.0, 90.0), len(points))
            found.append(dataclasses.replace(detection, pixels=points))
        return found

    monkeypatch.setattr(type(detector), "detect", degenerate)
    for _ in range(3):
        *_, info = env.step(np.zeros(6, np.float32))
        assert not info["estimate_valid"]
        assert info["estimate_reason"]
