"""Joint configurations that are proposed, on simulated keypoints."""

import numpy as np
import pytest

from ctr_env.calibration.next_configuration import PoseInformation, novelty, ranked
from ctr_env.calibration.reachable import ReachableConfigurations
from ctr_env.geometry import PinholeCamera, look_at, moved
from ctr_env.scenes.robots.kinematics import RobotKinematics

PANDA = RobotKinematics("panda")
CAMERA = PinholeCamera.from_fov(1.1, 640, 480)
NEEDED = 6  # images of a sequence
SIGMA, CORRELATED_PX, LENGTH_RAD = 2.0, 2.0, 0.3  # of simulated detections: white part, smooth part of joint positions


def pose_of(number):
    """``camera_T_base`` of a camera before the robot."""
    rng = np.random.default_rng(number)
    middle = PANDA.keypoints(PANDA.home).mean(axis=0)
    azimuth, elevation = rng.uniform(-1.2, 1.2), rng.uniform(0.1, 0.7)
    outward = np.array([np.cos(elevation) * np.cos(azimuth), np.cos(elevation) * np.sin(azimuth), np.sin(elevation)])
    return look_at(middle + rng.uniform(1.2, 1.6) * outward, middle + rng.uniform(-0.1, 0.1, 3)).inv()


def jacobian(joints, pose):
    """``(2K, 6)`` derivatives of all keypoints' pixels by the pose, by differences."""
    points, steps = PANDA.keypoints(joints), 1e-6 * np.eye(6)
    ahead, back = ([CAMERA.project(moved(pose, s * step).apply(points)) for step in steps] for s in (1.0, -1.0))
    return (np.array(ahead) - np.array(back)).reshape(6, -1).T / 2e-6


def true_covariance(sequence, pose):
    """Covariance of the least-squares pose of a sequence, where keypoint errors of similar joints are similar."""
    J = np.stack([jacobian(q, pose) for q in sequence])
    squares = np.mean((np.array(sequence)[:, None] - np.array(sequence)) ** 2, axis=2)
    smooth = CORRELATED_PX**2 * np.exp(-0.5 * squares / LENGTH_RAD**2)
    gains = np.einsum("pq,nrq->npr", np.linalg.inv(np.einsum("nrp,nrq->pq", J, J)), J)
    errors = smooth + SIGMA**2 * np.eye(len(sequence))
    return np.einsum("npr,nm,mqr->pq", gains, errors, gains)


def chosen_by_rank(pool, pose):
    information = PoseInformation(PANDA, CAMERA, pose, SIGMA)
    sequence, independent = [], None
    for _ in range(NEEDED):
        best = ranked(pool, sequence, information, independent)[0]
        sequence.append(best.joint_positions)
        independent = best.independent
    return sequence


@pytest.fixture(scope="module")
def pools():
    """Reachable joint configurations of some cameras, by their pose."""
    reachable = ReachableConfigurations("panda", CAMERA)
    poses = [pose_of(number) for number in range(4)]
    return [(pose, reachable.sample(pose, 60, np.random.default_rng(7))) for pose in poses]


def stds(covariance):
    """Of position, mm, and rotation, mrad."""
    return 1e3 * np.sqrt(np.trace(covariance[:3, :3])), 1e3 * np.sqrt(np.trace(covariance[3:, 3:]))


def test_proposed_configurations_reduce_the_covariance_faster_than_random_ones(pools):
    for pose, pool in pools:
        rng = np.random.default_rng(3)
        others = [[pool[i] for i in rng.choice(len(pool), NEEDED, replace=False)] for _ in range(20)]
        proposed = chosen_by_rank(pool, pose)
        for count in (3, NEEDED):
            volume = np.linalg.slogdet(true_covariance(proposed[:count], pose))[1]
            assert volume < min(np.linalg.slogdet(true_covariance(each[:count], pose))[1] for each in others)
        usual = np.median([stds(true_covariance(each, pose)) for each in others], axis=0)
        assert np.all(stds(true_covariance(proposed, pose)) < 0.85 * usual)
        volumes = [np.linalg.slogdet(true_covariance(each, pose))[1] for each in others]
        assert np.linalg.slogdet(true_covariance(proposed[:4], pose))[1] < np.median(volumes)  # four tell what six do


def test_the_information_is_that_of_the_keypoints_in_view(pools):
    pose, pool = pools[0]
    J = jacobian(pool[0], pose)
    found = PoseInformation(PANDA, CAMERA, pose, 3.0).matrix(pool[0])
    np.testing.assert_allclose(found, J.T @ J / 9.0, rtol=1e-4, atol=1e-4 * np.abs(found).max())
    rows = CAMERA.project(pose.apply(PANDA.keypoints(pool[0])))[:, 1]
    height = round(float(np.median(rows))) + 1
    seen = rows < height
    cropped = PinholeCamera(CAMERA.fx, CAMERA.fy, CAMERA.cx, CAMERA.cy, 640, height)
    part = PoseInformation(PANDA, cropped, pose, 3.0).matrix(pool[0])
    K = J.reshape(-1, 2, 6)[seen].reshape(-1, 6)
    assert 0 < seen.sum() < len(seen)
    np.testing.assert_allclose(part, K.T @ K / 9.0, rtol=1e-4, atol=1e-4 * np.abs(found).max())


def test_images_of_similar_joint_configurations_tell_little_more(pools):
    pose, pool = pools[0]
    assert novelty(pool[0], []) == 1.0
    assert novelty(pool[0], [pool[1], pool[0]]) == 0.0
    near, far = novelty(pool[0] + 0.05, [pool[0]]), novelty(pool[0] + 0.5, [pool[0]])
    assert near < 0.1 and far > 0.9
    information = PoseInformation(PANDA, CAMERA, pose, SIGMA)
    best = ranked(pool, [], information)[0].joint_positions
    gains = {each.joint_positions.tobytes(): each.gain for each in ranked(pool, [best], information)}
    assert gains[best.tobytes()] == 0.0
    assert min(gains.values()) == 0.0 and len(gains) == len(pool)


def test_the_keypoint_error_is_the_one_that_explains_the_covariance(pools):
    pose, pool = pools[1]
    information = PoseInformation(PANDA, CAMERA, pose, 3.3)
    independent = np.linalg.inv(sum(information.matrix(joints) for joints in pool[:5]))
    found = PoseInformation.scaled(PANDA, CAMERA, pose, pool[:5], independent)
    assert found.sigma_px == pytest.approx(3.3, rel=0.05)
    assert PoseInformation.scaled(PANDA, CAMERA, pose, [], None).sigma_px == 2.0
    assert PoseInformation.scaled(PANDA, CAMERA, pose, pool[:5], 1e-12 * np.eye(6)).sigma_px == pytest.approx(0.2)
