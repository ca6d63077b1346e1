"""Templates of images whose keypoints are partly wrong, as where the network does not recognise an arm."""

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from ctr_env.datasets.frame import Frame
from ctr_env.estimators.ctrnet.cropping import crop_image, whole_image
from ctr_env.estimators.ctrnet.hypothesis import Detection, PoseHypothesis
from ctr_env.estimators.ctrnet.points import paper_keypoints
from ctr_env.estimators.ctrnet.pose_templates import pose_templates
from ctr_env.estimators.ctrnet.robot_model import RobotModel
from ctr_env.estimators.silhouette.contour import Lens, silhouette
from ctr_env.geometry import PinholeCamera, look_at, transform
from ctr_env.scenes.robots.kinematics import RobotKinematics

PANDA = RobotKinematics("panda")
MODEL = RobotModel(PANDA, paper_keypoints(PANDA.robot))
PINHOLE = PinholeCamera.from_fov(1.1, 640, 480)
DISTORTED = PinholeCamera(PINHOLE.fx, PINHOLE.fy, 320.0, 240.0, 640, 480, (-0.2, 0.05, 0.0, 0.0))
COUNT = 10


def case(rng, camera=PINHOLE):
    """An image's view, true pose, and hypothesis with the true mask and exact keypoints."""
    joints = np.clip(PANDA.home + rng.uniform(-0.5, 0.5, PANDA.n), PANDA.lower, PANDA.upper)
    view = MODEL.view(Frame(joints, camera, 0.0, np.zeros((480, 640, 3), np.uint8)))
    middle = view.keypoints.mean(axis=0)
    azimuth, elevation, roll = rng.uniform(-np.pi, np.pi), rng.uniform(0.0, 1.0), rng.uniform(-np.pi, np.pi)
    away = np.array([np.cos(elevation) * np.cos(azimuth), np.cos(elevation) * np.sin(azimuth), np.sin(elevation)])
    upright = look_at(middle + rng.uniform(1.2, 2.2) * away, middle).inv()
    pose = transform(rotation=Rotation.from_rotvec([0.0, 0.0, roll])) * upright
    lens = Lens(camera.fx, camera.fy, camera.cx, camera.cy)
    mask = silhouette(MODEL.surface, view.vertices, pose, lens, (640, 480))
    crop = whole_image(640, 480, (192, 144))
    small = crop_image((255 * mask).astype(np.uint8), crop, border=0) / np.float32(255.0)
    count = len(view.keypoints)
    found = Detection(
        camera.project(pose.apply(view.keypoints)), np.ones(count), np.ones(count), crop, small, (640, 480)
    )
    return view, pose, PoseHypothesis(crop, detection=found, used=np.ones(count, bool))


def angles(poses, truth):
    return [(each.rotation.inv() * truth.rotation).magnitude() for each in poses]


@pytest.mark.parametrize("camera", [PINHOLE, DISTORTED], ids=["pinhole", "distorted"])
def test_the_best_template_is_near_the_truth(camera):
    """Half a step of the grid in azimuth, elevation and roll is 0.26, 0.2 and 0.39 rad: together up to 0.5."""
    rng = np.random.default_rng(3)
    for _ in range(6):
        view, truth, hypothesis = case(rng, camera)
        best, *_ = pose_templates(view, hypothesis, COUNT)
        assert angles([best], truth)[0] < 0.7
        away = best.apply(view.keypoints) - truth.apply(view.keypoints)
        assert np.linalg.norm(away, axis=1).mean() < 0.35


def test_wrong_keypoints_leave_a_template_near_the_truth():
    """Three of seven keypoints lie anywhere; the mask and the other four tell the rotation."""
    rng = np.random.default_rng(4)
    near = []
    for _ in range(8):
        view, truth, hypothesis = case(rng)
        wrong = rng.permutation(7)[:3]
        hypothesis.detected.pixels[wrong] = rng.uniform((0.0, 0.0), (640.0, 480.0), (3, 2))
        near.append(min(angles(pose_templates(view, hypothesis, COUNT), truth)))
    assert np.median(near) < 0.5 and np.mean(np.array(near) < 0.7) >= 0.75


def test_templates_differ_and_are_no_more_than_asked_for():
    view, _, hypothesis = case(np.random.default_rng(5))
    poses = pose_templates(view, hypothesis, COUNT)
    assert len(poses) == COUNT
    for i, pose in enumerate(poses):
        assert min(angles(poses[:i], pose), default=np.pi) > 0.9
        assert 0.1 < pose.translation[2] < 10.0
    assert [p.as_matrix().tolist() for p in pose_templates(view, hypothesis, 3)] == [
        p.as_matrix().tolist() for p in poses[:3]
    ]


def test_without_confident_keypoints_there_are_none():
    view, _, hypothesis = case(np.random.default_rng(6))
    hypothesis.detected.confidence[2:] = 0.1
    assert pose_templates(view, hypothesis, COUNT) == []
    hypothesis.detected.confidence[:] = 1.0
    hypothesis.detected.pixels[2:] = np.nan
    assert pose_templates(view, hypothesis, COUNT) == []
