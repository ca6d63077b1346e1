from dataclasses import replace

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from ctr_env.datasets.frame import Frame
from ctr_env.estimators.ctrnet.cropping import whole_image
from ctr_env.estimators.ctrnet.hypothesis import Detection, PoseHypothesis
from ctr_env.estimators.ctrnet.points import paper_keypoints
from ctr_env.estimators.ctrnet.robot_model import RobotModel
from ctr_env.estimators.ctrnet.scoring import accept, best_supported
from ctr_env.estimators.silhouette.contour import Lens, silhouette
from ctr_env.geometry import PinholeCamera, look_at, transform
from ctr_env.scenes.robots.kinematics import RobotKinematics

PANDA = RobotKinematics("panda")
CAMERA = PinholeCamera.from_fov(1.1, 640, 480)

UPRIGHT = look_at((1.5, 0.2, 0.5), (0.0, 0.0, 0.4)).inv()
ROLLED = transform(rotation=Rotation.from_rotvec([0.0, 0.0, -0.5 * np.pi])) * UPRIGHT


def hypothesis(ratio, status="", pose=UPRIGHT, turns=0):
    crop = whole_image(64, 48, (32, 24), turns)
    found = Detection(np.zeros((5, 2)), np.ones(5), np.ones(5), crop, np.full((24, 32), ratio, np.float32), (64, 48))
    return PoseHypothesis(
        crop, detection=found, used=np.ones(5, bool), camera_T_base=pose, status=status, contour_inlier_ratio=ratio
    )


def test_the_first_candidate_is_kept_with_its_coarse_detection():
    first = hypothesis(0.3)
    (kept,) = accept([None], {0: first}, retry=False, sure_ratio=0.6)
    assert kept.coarse is first.detection and kept.doubtful
    (later,) = accept([kept], {0: hypothesis(0.8)}, retry=False, sure_ratio=0.6)
    assert later.coarse is first.detection and not later.doubtful


@pytest.mark.parametrize(
    ("earlier", "candidate", "replaced"), [("", "", 1), ("", "degenerate", 0), ("degenerate", "degenerate", 1)]
)
def test_a_pass_does_not_lose_a_pose(earlier, candidate, replaced):
    (kept,) = accept([hypothesis(0.5, earlier)], {0: hypothesis(0.1, candidate)}, retry=False, sure_ratio=0.6)
    assert kept.contour_inlier_ratio == (0.1 if replaced else 0.5)


def test_retries_replace_by_a_higher_ratio_only():
    best = hypothesis(0.4)
    assert accept([best], {0: hypothesis(0.39)}, retry=True, sure_ratio=0.6)[0] is best
    assert accept([best], {0: hypothesis(0.41)}, retry=True, sure_ratio=0.6)[0].contour_inlier_ratio == 0.41
    assert accept([best, best], {}, retry=True, sure_ratio=0.6) == [best, best]


def test_a_robot_that_is_not_upright_in_its_crop_is_doubtful():
    (kept,) = accept([None], {0: hypothesis(0.9, pose=ROLLED)}, retry=False, sure_ratio=0.6)
    assert kept.doubtful
    (turned,) = accept([kept], {0: hypothesis(0.95, pose=ROLLED, turns=1)}, retry=True, sure_ratio=0.6)
    assert not turned.doubtful and turned.crop.quarter_turns == 1
    inconsistent = replace(hypothesis(0.95, pose=UPRIGHT, turns=1))
    assert accept([kept], {0: inconsistent}, retry=True, sure_ratio=0.6)[0] is kept


def test_of_several_hypotheses_that_whose_contour_lies_on_edges_wins():
    """The pose turned by 180 degrees has the higher contour inlier ratio, as of a wrong mask; the image decides."""
    rng = np.random.default_rng(2)
    model = RobotModel(PANDA, paper_keypoints(PANDA.robot))
    view = model.view(Frame(PANDA.home, CAMERA, 0.0, np.zeros((480, 640, 3), np.uint8)))
    lens = Lens(CAMERA.fx, CAMERA.fy, CAMERA.cx, CAMERA.cy)
    shown = silhouette(model.surface, view.vertices, UPRIGHT, lens, (640, 480))
    shade = np.where(shown[..., None], 190.0, 80.0) + rng.normal(0.0, 3.0, (480, 640, 3))
    view = replace(view, image=shade.astype(np.uint8))
    right, wrong = (
        hypothesis(0.7),
        hypothesis(0.8, pose=UPRIGHT * transform(rotation=Rotation.from_rotvec((0, 0, np.pi)))),
    )
    lost = hypothesis(0.9, status="degenerate")
    assert best_supported(view, [wrong, lost, right]) is right
    assert best_supported(view, [right, right]) is right
    assert best_supported(view, [wrong, lost]) is wrong
