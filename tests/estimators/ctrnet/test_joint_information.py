"""Information of an image about pose and joint offsets: offsets of the readings show in it."""

from dataclasses import replace

import numpy as np
import pytest

from ctr_env.datasets.synthetic.sampler import FrameSampler
from ctr_env.estimators.ctrnet.estimator import CtRNetEstimator
from ctr_env.estimators.ctrnet.joint_information import (
    JointInformation,
    indicated_offsets,
    indicated_offsets_at,
    joint_information,
    offset_gain,
    undetermined_share,
)
from ctr_env.estimators.ctrnet.passes import tracking_passes
from ctr_env.runs.seeds import frame_seed
from ctr_env.scenes.robots.kinematics import RobotKinematics


@pytest.fixture(scope="module")
def frames():
    sampler = FrameSampler("panda", 640, 480, "mild")
    found = [sampler.sample(frame_seed("validation", 83, i)) for i in range(4)]
    sampler.close()
    return found


@pytest.fixture(scope="module")
def pipeline():
    return CtRNetEstimator(RobotKinematics("panda"), {"tracking": False}).pipeline


def information(frame, pipeline, offsets):
    """At the true pose, for readings that lack the offsets."""
    view = pipeline.model.posed(replace(frame.frame(), joint_positions=frame.joint_positions - offsets))
    hypothesis = pipeline.run([view], tracking_passes(frame.camera_T_base, align=False))[0]
    return joint_information(view, hypothesis.at(frame.camera_T_base, 0.5), 0.2)


def test_it_is_a_valid_quadratic_form(frames, pipeline):
    for frame in frames:
        found = information(frame, pipeline, np.zeros(7))
        assert found.information.shape == (13, 13) and found.gradient.shape == (13,)
        np.testing.assert_allclose(found.information, found.information.T)
        assert np.linalg.eigvalsh(found.information).min() > -1e-6 * np.trace(found.information)


def test_an_offset_of_the_readings_is_indicated_with_its_sign(frames, pipeline):
    """In the mean over images, by the joints that move much of the arm."""
    true = np.array([0.0, 0.04, 0.0, -0.04, 0.0, 0.0, 0.0])
    told = [indicated_offsets_at(information(frame, pipeline, true)) for frame in frames]
    plain = [indicated_offsets_at(information(frame, pipeline, np.zeros(7))) for frame in frames]
    moved = np.mean(told, axis=0) - np.mean(plain, axis=0)
    assert moved[1] > 0.012 and moved[3] < -0.012
    assert np.abs(moved).max() < 0.06


def test_wrong_joint_angles_indicate_larger_offsets(frames, pipeline):
    rng = np.random.default_rng(2)
    right = [np.abs(indicated_offsets(information(f, pipeline, np.zeros(7)))).max() for f in frames]
    wrong = [np.abs(indicated_offsets(information(f, pipeline, rng.choice([-0.15, 0.15], 7)))).max() for f in frames]
    assert np.median(wrong) > 1.3 * np.median(right)


def test_gain_and_undetermined_share_are_those_of_the_marginal_posterior():
    """Against the maximum and the covariance of the whole quadratic form, with the prior of the offsets."""
    rng = np.random.default_rng(3)
    root = rng.normal(0.0, 20.0, (13, 13))
    found = JointInformation(root @ root.T, rng.normal(0.0, 50.0, 13))
    posterior = found.information + np.diag([0.0] * 6 + [1.0 / 0.1**2] * 7)
    with_offsets = 0.5 * found.gradient @ np.linalg.solve(posterior, found.gradient)
    without = 0.5 * found.gradient[:6] @ np.linalg.solve(found.information[:6, :6], found.gradient[:6])
    assert offset_gain(found) == pytest.approx(with_offsets - without)
    deviations = np.sqrt(np.diag(np.linalg.inv(posterior)))[6:]
    assert undetermined_share(found) == pytest.approx(deviations.mean() / 0.1)
    assert undetermined_share(JointInformation(np.zeros((13, 13)), np.zeros(13))) == pytest.approx(1.0)
