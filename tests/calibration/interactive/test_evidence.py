import numpy as np

from ctr_env.calibration.interactive.evidence import TakenImage, fused_evidence
from ctr_env.estimators.base import PoseEstimate
from ctr_env.estimators.systematic_error import systematic_covariance
from ctr_env.geometry import moved, transform

POSE = transform((0.1, 0.2, 1.3))
COVARIANCE = np.diag([0.004**2] * 6)
SYSTEMATIC = systematic_covariance()


def taken(number, joints, valid=True):
    error = np.random.default_rng(number).normal(0.0, 1e-3, 6)
    estimate = PoseEstimate(moved(POSE, error), COVARIANCE, valid, 0.0, reason="" if valid else "uncertain")
    return TakenImage(f"{number}.png", np.full(7, joints), estimate)


def test_images_of_distinct_joint_configurations_reduce_the_independent_part():
    images = [taken(0, 0.0), taken(1, 0.5), taken(2, 0.51), taken(3, 1.0, valid=False), taken(4, 1.5)]
    found = fused_evidence(images, SYSTEMATIC, 0.0)
    assert [joints[0] for joints in found.configurations] == [0.0, 0.5, 1.5]
    assert len(found.history) == 3
    traces = [np.trace(covariance) for covariance in found.history]
    assert traces[0] > traces[1] > traces[2] > np.trace(SYSTEMATIC)
    np.testing.assert_allclose(found.fused.covariance, found.fused.independent + SYSTEMATIC, rtol=1e-6, atol=1e-12)
    assert np.linalg.norm(found.fused.pose.translation - POSE.translation) < 0.003
    assert images[2].same_as(images[:2]) == "1.png" and images[4].same_as(images[:4]) == ""


def test_without_a_valid_image_there_is_none():
    assert fused_evidence([], SYSTEMATIC, 0.0) is None
    assert fused_evidence([taken(0, 0.0, valid=False)], SYSTEMATIC, 0.0) is None
