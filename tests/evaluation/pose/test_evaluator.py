import numpy as np

from ctr_env.datasets.labelled import LabelledFrame
from ctr_env.estimators import NoisyEstimator, make_estimator
from ctr_env.evaluation.pose.evaluator import FrameEvaluator
from ctr_env.geometry import PinholeCamera, look_at
from ctr_env.scenes.robots.kinematics import RobotKinematics

KINEMATICS = RobotKinematics("panda")
CAMERA = PinholeCamera.from_fov(1.0, 64, 48)


def frame(name):
    pose = look_at([1.8, 0.3, 0.6], [0.2, 0.0, 0.4]).inv()
    points = pose.apply(KINEMATICS.keypoints(KINEMATICS.home))
    image = np.zeros((48, 64, 3), np.uint8)
    return LabelledFrame(name, image, CAMERA, KINEMATICS.home, pose, points, CAMERA.project(points), None)


def poses(names, seed=0):
    evaluator = FrameEvaluator(make_estimator("noisy", None, KINEMATICS), KINEMATICS, seed)
    return {name: evaluator.record(frame(name))["camera_T_base"] for name in names}


def test_estimates_depend_on_seed_and_name_and_not_on_the_frames_before():
    forwards = poses(["a", "b", "c"])
    assert poses(["c", "a"]) == {name: forwards[name] for name in "ca"}
    assert forwards["a"] != forwards["b"]
    assert poses(["a"], seed=1)["a"] != forwards["a"]


def test_the_first_frame_is_estimated_twice_and_the_others_once(monkeypatch):
    calls = []
    original = NoisyEstimator.estimate
    monkeypatch.setattr(NoisyEstimator, "estimate", lambda self, seen: calls.append(seen) or original(self, seen))
    poses(["a", "b", "c"])
    assert len(calls) == 4
