import numpy as np
from scipy.spatial.transform import Rotation

from ctr_env.datasets.frame import Frame
from ctr_env.estimators import GroundTruthEstimator
from ctr_env.geometry import PinholeCamera, transform

CAMERA = PinholeCamera.from_fov(1.0, 320, 240)
POSE = transform((0.1, -0.2, 1.5), Rotation.from_rotvec((0.3, -1.0, 0.5)))


def test_the_truth_is_returned_without_uncertainty():
    estimator = GroundTruthEstimator()
    estimator.reset(np.random.default_rng(0))
    estimate = estimator.estimate(Frame(np.zeros(7), CAMERA, 0.35, true_camera_T_base=POSE))
    assert estimate.valid
    assert estimate.reason == ""
    assert estimate.time_s == 0.35
    np.testing.assert_array_equal(estimate.camera_T_base.as_matrix(), POSE.as_matrix())
    np.testing.assert_array_equal(estimate.covariance, np.zeros((6, 6)))


def test_a_frame_without_truth_gives_no_valid_estimate():
    estimate = GroundTruthEstimator().estimate(Frame(np.zeros(7), CAMERA, 0.35))
    assert not estimate.valid
    assert estimate.reason == "no_truth"
    assert estimate.time_s == 0.35
    assert np.isfinite(estimate.camera_T_base.as_matrix()).all()


def test_no_image_and_no_board_are_asked_for():
    assert not GroundTruthEstimator.needs_image
    assert not GroundTruthEstimator.needs_board


def test_a_batch_is_the_frames_one_by_one():
    frames = [
        Frame(np.zeros(7), CAMERA, time, true_camera_T_base=transform((time, 0.0, 1.0))) for time in (0.0, 0.1, 0.3)
    ]
    estimates = GroundTruthEstimator().estimate_batch(frames)
    assert [estimate.time_s for estimate in estimates] == [0.0, 0.1, 0.3]
    assert [estimate.camera_T_base.translation[0] for estimate in estimates] == [0.0, 0.1, 0.3]
