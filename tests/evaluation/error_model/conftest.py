import numpy as np
import pytest
from scipy.spatial.transform import RigidTransform, Rotation

from ctr_env.estimators import NoisyEstimator
from ctr_env.evaluation.error_model import study as study_module
from ctr_env.evaluation.error_model.episodes import EpisodeRecord
from ctr_env.geometry import PinholeCamera, look_at, moved
from ctr_env.scenes.robots.kinematics import RobotKinematics

CAMERA = PinholeCamera.from_fov(1.0, 640, 480)
STD_M, STD_RAD = 0.004, 0.006


def _record(seed, frames=12, invalid=(), preset="mild"):
    """An episode whose pose errors have the reported covariance, 64 % of it constant in the episode."""
    kinematics, rng = RobotKinematics("panda"), np.random.default_rng(seed)
    eye = np.array([1.3, 0.0, 0.8]) + rng.uniform(-0.2, 0.2, 3)
    truth = look_at(eye, (0.2, 0.0, 0.4)).inv()
    joints = kinematics.home + np.linspace(0.0, 1.0, frames)[:, None] * rng.uniform(-0.3, 0.3, 7)
    std = np.array([STD_M] * 3 + [STD_RAD] * 3)
    errors = std * (0.8 * rng.standard_normal(6) + 0.6 * rng.standard_normal((frames, 6)))
    grippers = [truth * kinematics.base_T_ee(q) for q in joints]
    shifted = RigidTransform.from_components([0.001, 0.0, 0.0], Rotation.identity())
    valid = np.array([i not in invalid for i in range(frames)])
    return EpisodeRecord(
        seed,
        preset,
        np.array([640, 480]),
        np.array([CAMERA.fx, CAMERA.fy, CAMERA.cx, CAMERA.cy]),
        np.arange(frames) / 5.0,
        joints,
        np.tile(truth.as_matrix(), (frames, 1, 1)),
        np.array([g.as_matrix() for g in grippers]),
        np.array([moved(truth, -error).as_matrix() for error in errors]),
        np.array([(shifted * g).as_matrix() if i % 4 else np.full((4, 4), np.nan) for i, g in enumerate(grippers)]),
        np.tile(np.diag(std**2), (frames, 1, 1)),
        valid,
        np.array(["" if v else "uncertain" for v in valid]),
    )


@pytest.fixture(scope="session")
def record():
    """Makes a record: of a seed, the number of frames, those that are not valid, and the preset."""
    return _record


@pytest.fixture
def noisy_ctrnet(monkeypatch):
    """Recorded is the noisy estimator in place of ctrnet."""
    estimator = NoisyEstimator({"dropout": 0.2, "white_position_m": 0.003})
    monkeypatch.setattr(study_module, "_estimator", lambda study: estimator)
    monkeypatch.setattr(study_module, "_SECONDS", {"servo": 1.0, "track": 1.0})
    study_module._environment.cache_clear()
    yield estimator
    study_module._environment.cache_clear()
