"""Frames of one camera and their calibration."""

import pytest

from ctr_env.calibration.calibrate import calibrate
from ctr_env.datasets.synthetic.sampler import FrameSampler
from ctr_env.estimators.ctrnet.estimator import CtRNetEstimator
from ctr_env.runs.seeds import frame_seed
from ctr_env.scenes.robots.kinematics import RobotKinematics

PANDA = RobotKinematics("panda")


@pytest.fixture(scope="session")
def labelled():
    """Frames of one camera, by name."""
    sampler = FrameSampler("panda", 320, 240, "mild", fixed_camera=6)
    found = [sampler.sample(frame_seed("validation", 51, i), f"{i:06d}") for i in range(8)]
    sampler.close()
    return {frame.name: frame for frame in found}


@pytest.fixture(scope="session")
def frames(labelled):
    return {name: frame.frame() for name, frame in labelled.items()}


@pytest.fixture(scope="session")
def estimator():
    return CtRNetEstimator(PANDA, {"tracking": False})


@pytest.fixture(scope="session")
def found(frames, estimator):
    return calibrate(frames, estimator)
