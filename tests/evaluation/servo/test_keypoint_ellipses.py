import numpy as np
import pytest
from scipy.spatial.transform import RigidTransform, Rotation

from ctr_env.evaluation.servo.keypoint_ellipses import ellipse_contours, pixel_covariances
from ctr_env.geometry import PinholeCamera

CAMERA = PinholeCamera.from_fov(1.0, 320, 240)
POSE = RigidTransform.from_components([0.1, -0.05, 1.2], Rotation.from_rotvec([0.3, -0.8, 0.2]))
POINTS = np.array([[0.0, 0.0, 0.0], [0.2, 0.1, 0.4], [-0.1, 0.3, 0.2]])


def test_covariances_are_those_of_sampled_poses():
    rng = np.random.default_rng(0)
    root = 1e-3 * rng.normal(size=(6, 6))
    covariance = root @ root.T
    samples = rng.multivariate_normal(np.zeros(6), covariance, 8_000)
    rotated = POSE.rotation.apply(POINTS)
    poses = [(Rotation.from_rotvec(sample[3:]), POSE.translation + sample[:3]) for sample in samples]
    pixels = np.array([CAMERA.project(R.apply(rotated) + t) for R, t in poses])
    found = pixel_covariances(CAMERA, POSE, covariance, POINTS)
    for i in range(len(POINTS)):
        sampled = np.cov(pixels[:, i].T)
        assert found[i] == pytest.approx(sampled, abs=0.06 * np.trace(sampled))


def test_contours_hold_95_percent():
    covariance = np.array([[4.0, 1.5], [1.5, 1.0]])
    centre = np.array([100.0, 50.0])
    (contour,) = ellipse_contours(centre[None], covariance[None])
    squared = np.einsum("ij,jk,ik->i", contour - centre, np.linalg.inv(covariance), contour - centre)
    assert squared == pytest.approx(-2 * np.log(0.05), rel=1e-3)  # the quantile of chi-squared with two degrees
    assert contour[0] == pytest.approx(contour[-1])
