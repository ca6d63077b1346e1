import subprocess
import sys

import numpy as np
import pytest

from ctr_env.estimators import (
    GroundTruthEstimator,
    NoisyEstimator,
    PoseEstimate,
    PoseEstimator,
    estimator_names,
    make_estimator,
    register_estimator,
    registry,
)
from ctr_env.scenes.robots.kinematics import RobotKinematics


class Constant(PoseEstimator):
    def __init__(self, kinematics, config):
        self.kinematics, self.config = kinematics, dict(config)

    def estimate(self, frame):
        return PoseEstimate.invalid("constant", frame.time_s)


@pytest.fixture(scope="module")
def panda():
    return RobotKinematics("panda")


def test_every_name_makes_an_estimator(panda):
    assert {"ground_truth", "noisy", "fiducial"} <= set(estimator_names())
    for name in ("ground_truth", "noisy", "fiducial"):
        assert isinstance(make_estimator(name, None, panda), PoseEstimator)


def test_names_are_listed_in_order():
    assert list(estimator_names()) == sorted(estimator_names())


def test_the_configuration_is_passed_on(panda):
    estimator = make_estimator("noisy", {"white_position_m": 0.02}, panda)
    assert isinstance(estimator, NoisyEstimator)
    assert estimator.config.white_position_m == 0.02
    assert make_estimator("fiducial", {"min_corners": 9}, panda).config.min_corners == 9


def test_an_unknown_name_is_rejected_with_the_valid_ones(panda):
    with pytest.raises(ValueError, match="unknown estimator 'nosy'; valid names: ") as refusal:
        make_estimator("nosy", None, panda)
    for name in estimator_names():
        assert name in str(refusal.value)


@pytest.mark.parametrize("name", ["noisy", "fiducial"])
def test_an_unknown_field_is_rejected(panda, name):
    with pytest.raises(ValueError, match="speed; valid names: "):
        make_estimator(name, {"speed": 1.0}, panda)


def test_ground_truth_takes_no_configuration(panda):
    assert isinstance(make_estimator("ground_truth", {}, panda), GroundTruthEstimator)
    with pytest.raises(ValueError, match="ground_truth estimator has no configuration"):
        make_estimator("ground_truth", {"white_position_m": 0.0}, panda)


def test_an_object_is_taken_as_it_is_and_without_configuration(panda):
    estimator = NoisyEstimator()
    assert make_estimator(estimator, None, panda) is estimator
    assert make_estimator(estimator, {}, panda) is estimator
    with pytest.raises(ValueError, match="an object is configured already"):
        make_estimator(estimator, {"dropout": 0.5}, panda)


def test_an_estimator_of_ones_own_is_made_by_name(panda, monkeypatch):
    monkeypatch.setattr(registry, "_FACTORIES", dict(registry._FACTORIES))
    register_estimator("constant", Constant)
    assert "constant" in estimator_names()
    estimator = make_estimator("constant", {"depth": 2}, panda)
    assert isinstance(estimator, Constant)
    assert estimator.kinematics is panda
    assert estimator.config == {"depth": 2}
    assert make_estimator("constant", None, panda).config == {}


@pytest.mark.parametrize("name", ["noisy", "ground_truth"])
def test_a_name_is_given_once(monkeypatch, name):
    monkeypatch.setattr(registry, "_FACTORIES", dict(registry._FACTORIES))
    with pytest.raises(ValueError, match=f"an estimator named '{name}' exists already; names: "):
        register_estimator(name, Constant)


def test_an_invalid_estimate_is_finite():
    estimate = PoseEstimate.invalid("dropout", 0.2)
    assert (estimate.valid, estimate.reason, estimate.time_s) == (False, "dropout", 0.2)
    assert np.isfinite(estimate.camera_T_base.as_matrix()).all()
    assert estimate.keypoints_px.shape == (0, 2)


def test_importing_estimators_imports_neither_torch_nor_opencv():
    code = "import sys, ctr_env.estimators; print(sorted({'torch', 'cv2', 'kornia'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-P", "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
