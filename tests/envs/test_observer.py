"""What is measured, and what the estimator is given."""

import numpy as np

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


def test_fields_drawn_for_each_frame_are_recorded(make):
    env = make(randomization={"image.exposure": {"uniform": [0.7, 0.9], "when": "frame"}}, obs_mode="image",
               width=64, height=48)  # fmt: skip
    _, first = env.reset(seed=0)
    *_, second = env.step(np.zeros(6, np.float32))
    assert first["frame_draws"].keys() == {"image.exposure"}
    assert first["frame_draws"]["image.exposure"] != second["frame_draws"]["image.exposure"]
