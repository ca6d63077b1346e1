import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from ctr_env.datasets.frame import Frame
from ctr_env.estimators.ctrnet.cropping import small_size
from ctr_env.estimators.ctrnet.hypothesis import Detection, PoseHypothesis
from ctr_env.estimators.ctrnet.points import paper_keypoints
from ctr_env.estimators.ctrnet.proposals import around, around_mask, around_pose, coarse, coarse_turned, whole
from ctr_env.estimators.ctrnet.robot_model import RobotModel
from ctr_env.geometry import PinholeCamera, look_at, transform
from ctr_env.scenes.robots.kinematics import RobotKinematics

PANDA = RobotKinematics("panda")
SIZE = (256, 192)
MODEL = RobotModel(PANDA, paper_keypoints(PANDA.robot))
CAMERA = PinholeCamera.from_fov(1.2, 640, 480)
VIEW = MODEL.view(Frame(PANDA.home, CAMERA, 0.0, np.zeros((480, 640, 3), np.uint8)))
MIDDLE = VIEW.keypoints.mean(axis=0)


def pose(roll=0.0):
    upright = look_at(MIDDLE + np.array((1.5, 0.3, 0.3)), MIDDLE).inv()
    return transform(rotation=Rotation.from_rotvec([0.0, 0.0, -roll])) * upright


def test_whole_images_have_the_sizes_of_the_passes():
    assert coarse(VIEW, None, SIZE)[0].crop.size == small_size(SIZE)
    assert whole(VIEW, None, SIZE)[0].crop.size == SIZE
    assert [h.crop.quarter_turns for h in coarse_turned(VIEW, None, SIZE)] == [1, 2, 3]
    for proposal in coarse_turned(VIEW, None, SIZE):  # every corner of the image is inside the crop
        corners = proposal.crop.forward([(0, 0), (640, 0), (0, 480), (640, 480)])
        assert (corners > -1e-9).all() and (corners < np.array(proposal.crop.size) + 1e-9).all()


@pytest.mark.parametrize("turns", [0, 1, 2, 3])
def test_around_a_previous_pose_the_robot_is_upright_and_inside(turns):
    """Clockwise quarter turns of the crop undo a counter-clockwise roll of the image."""
    found = pose(0.5 * np.pi * turns)
    (proposal,) = around_pose(VIEW, PoseHypothesis.from_pose(found), SIZE)
    assert proposal.crop.quarter_turns == turns and proposal.prior is found
    inside = proposal.crop.forward(proposal.prior_px)
    assert (inside > 0).all() and (inside < SIZE).all()
    base, top = proposal.crop.forward(CAMERA.project(found.apply([(0, 0, 0), (0, 0, 0.5)])))
    assert top[1] < base[1]  # up in the base is up in the crop


def test_around_a_mask_there_is_no_prior_and_nothing_without_a_mask():
    crop = whole(VIEW, None, SIZE)[0].crop
    mask = np.zeros((192, 256), np.float32)
    empty = Detection(np.zeros((7, 2)), np.zeros(7), np.ones(7), crop, mask, (640, 480))
    blank = PoseHypothesis(crop, detection=empty, used=np.zeros(7, bool))
    assert around_mask(VIEW, blank, SIZE) == [] and around(VIEW, blank, SIZE) == []
    mask[60:120, 100:140] = 1.0
    (proposal,) = around_mask(VIEW, blank, SIZE)
    assert proposal.prior is None
    corners = proposal.crop.forward(crop.backward([(100, 60), (140, 120)]))
    assert (corners > 0).all() and (corners < SIZE).all() and np.ptp(corners[:, 1]) > 0.7 * SIZE[1]
