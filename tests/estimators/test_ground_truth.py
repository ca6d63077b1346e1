import numpy as np
from scipy.spatial.transform import Rotation

from ctr_env.datasets.frame import Frame
from ctr_env.estimators import GroundTruth, GroundTruthEstimator
from ctr_env.geometry import PinholeCamera, transform

CAMERA = PinholeCamera.from_fov(1.0, 320, 240)
POSE = transform((0.1, -0.2, 1.5), Rotation.from_rotvec((0.3, -1.0, 0.5)))
GRIPPER = transform((0.2, 0.1, 1.2), Rotation.from_rotvec((0.1, 0.4, -0.5)))


def frame(time_s):
    return Frame(np.zeros(7), CAMERA, time_s)


def test_the_observed_truth_is_returned_without_uncertainty():
    estimator = GroundTruthEstimator()
    estimator.reset(np.random.default_rng(0))
    estimator.observe_truth(GroundTruth(0.35, POSE, GRIPPER))
    estimate = estimator.estimate(frame(0.35))
    assert (estimate.valid, estimate.reason, estimate.time_s) == (True, "", 0.35)
    np.testing.assert_array_equal(estimate.camera_T_base.as_matrix(), POSE.as_matrix())
    np.testing.assert_array_equal(estimate.camera_T_ee.as_matrix(), GRIPPER.as_matrix())
    np.testing.assert_array_equal(estimate.covariance, np.zeros((6, 6)))


def test_without_the_truth_of_its_time_a_frame_has_no_valid_estimate():
    estimator = GroundTruthEstimator()
    estimator.observe_truth(GroundTruth(0.30, POSE))
    estimate = estimator.estimate(frame(0.35))
    assert (estimate.valid, estimate.reason, estimate.time_s) == (False, "no_truth", 0.35)
    assert np.isfinite(estimate.camera_T_base.as_matrix()).all()


def test_reset_forgets_the_truth():
    estimator = GroundTruthEstimator()
    estimator.observe_truth(GroundTruth(0.35, POSE))
    estimator.reset(np.random.default_rng(0))
    assert estimator.estimate(frame(0.35)).reason == "no_truth"


def test_it_needs_the_truth_but_neither_image_nor_board():
    assert GroundTruthEstimator.needs_truth
    assert not GroundTruthEstimator.needs_image
    assert not GroundTruthEstimator.needs_board


def test_a_batch_equals_frame_by_frame_estimation():
    times, estimator = (0.0, 0.1, 0.3), GroundTruthEstimator()
    for time in times:
        estimator.observe_truth(GroundTruth(time, transform((time, 0.0, 1.0))))
    estimates = estimator.estimate_batch([frame(time) for time in times])
    assert [estimate.time_s for estimate in estimates] == [0.0, 0.1, 0.3]
    assert [estimate.camera_T_base.translation[0] for estimate in estimates] == [0.0, 0.1, 0.3]
