import dataclasses
import subprocess
import sys

import numpy as np
import pytest

from ctr_env.errors import ConfigurationError
from ctr_env.estimators import (
    GroundTruthEstimator,
    NoisyEstimator,
    PoseEstimate,
    PoseEstimator,
    estimator_entries,
    estimator_names,
    make_estimator,
    register_estimator,
    registry,
)
from ctr_env.scenes.robots.kinematics import RobotKinematics

NEEDS = ("needs_image", "needs_board", "needs_truth", "sees_gripper")


class Constant(PoseEstimator):
    def __init__(self, kinematics, config):
        self.kinematics, self.config = kinematics, dict(config)

    def estimate(self, frame):
        return PoseEstimate.invalid("constant", frame.time_s)


@pytest.fixture(scope="module")
def panda():
    return RobotKinematics("panda")


def test_every_name_makes_an_estimator(panda):
    assert {"ground_truth", "noisy", "charuco"} <= set(estimator_names())
    for name in ("ground_truth", "noisy", "charuco"):
        assert isinstance(make_estimator(name, None, panda), PoseEstimator)


def test_names_are_listed_in_order():
    assert list(estimator_names()) == sorted(estimator_names())


def test_the_configuration_reaches_the_estimator(panda):
    estimator = make_estimator("noisy", {"white_position_m": 0.02}, panda)
    assert isinstance(estimator, NoisyEstimator)
    assert estimator.config.white_position_m == 0.02
    assert make_estimator("charuco", {"min_corners": 9}, panda).config.min_corners == 9


def test_an_unknown_name_is_rejected_with_the_valid_ones(panda):
    with pytest.raises(ValueError, match="unknown estimator 'nosy'; valid names: ") as refusal:
        make_estimator("nosy", None, panda)
    for name in estimator_names():
        assert name in str(refusal.value)


@pytest.mark.parametrize("name", ["noisy", "charuco"])
def test_an_unknown_field_is_rejected(panda, name):
    with pytest.raises(ValueError, match="speed; valid names: "):
        make_estimator(name, {"speed": 1.0}, panda)


def test_ground_truth_takes_no_configuration(panda):
    assert isinstance(make_estimator("ground_truth", {}, panda), GroundTruthEstimator)
    with pytest.raises(ValueError, match="ground_truth estimator has no configuration"):
        make_estimator("ground_truth", {"white_position_m": 0.0}, panda)


def test_an_object_is_returned_unchanged_and_takes_no_configuration(panda):
    estimator = NoisyEstimator()
    assert make_estimator(estimator, None, panda) is estimator
    assert make_estimator(estimator, {}, panda) is estimator
    with pytest.raises(ValueError, match="an object is configured already"):
        make_estimator(estimator, {"dropout": 0.5}, panda)


@pytest.fixture
def entries(monkeypatch):
    monkeypatch.setattr(registry, "_ENTRIES", dict(registry._ENTRIES))


def test_a_registered_estimator_is_made_by_name(panda, entries):
    register_estimator("constant", Constant, needs_image=False)
    assert "constant" in estimator_names()
    assert not estimator_entries()["constant"].needs_image and estimator_entries()["constant"].config_type is None
    estimator = make_estimator("constant", {"depth": 2}, panda)
    assert isinstance(estimator, Constant)
    assert estimator.kinematics is panda
    assert estimator.config == {"depth": 2}
    assert make_estimator("constant", None, panda).config == {}


@pytest.mark.parametrize("name", ["noisy", "ground_truth"])
def test_a_registered_name_cannot_be_taken_again(entries, name):
    with pytest.raises(ConfigurationError, match=f"an estimator named '{name}' exists already; names: "):
        register_estimator(name, Constant)


@pytest.mark.parametrize("name", [name for name in estimator_names() if not estimator_entries()[name].wraps])
def test_declared_needs_are_those_of_the_estimator(panda, name):
    entry, estimator = estimator_entries()[name], make_estimator(name, None, panda)
    for need in NEEDS:
        assert getattr(entry, need) == getattr(estimator, need), need


@pytest.mark.parametrize("name", [name for name in estimator_names() if estimator_entries()[name].wraps])
@pytest.mark.parametrize("source", ["noisy", "charuco", "ctrnet"])
def test_a_wrapping_estimator_has_its_own_needs_and_those_of_its_source(panda, name, source):
    entry, of_source = estimator_entries()[name], estimator_entries()[source]
    estimator = make_estimator(name, {"source": source}, panda)
    for need in NEEDS:
        assert getattr(estimator, need) == (getattr(entry, need) or getattr(of_source, need)), need


@pytest.mark.parametrize("name", estimator_names())
def test_the_config_class_is_that_of_the_estimator_and_configures_it(panda, name):
    entry = estimator_entries()[name]
    if entry.config_type is None:
        assert name == "ground_truth"
        return
    config = entry.config_type()
    assert make_estimator(name, config, panda).config is config
    fields = {field.name for field in dataclasses.fields(config)}
    assert entry.wraps == ({"source", "source_config"} <= fields)


def test_an_invalid_estimate_is_finite():
    estimate = PoseEstimate.invalid("dropout", 0.2)
    assert (estimate.valid, estimate.reason, estimate.time_s) == (False, "dropout", 0.2)
    assert np.isfinite(estimate.camera_T_base.as_matrix()).all()
    assert estimate.keypoints_px.shape == (0, 2)


def test_importing_estimators_imports_neither_torch_nor_opencv():
    code = "import sys, ctr_env.estimators; print(sorted({'torch', 'cv2', 'kornia'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-P", "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_factory_in_ones_own_module_is_an_estimator_too(panda, tmp_path, monkeypatch):
    (tmp_path / "own_estimators.py").write_text(
        "from ctr_env.estimators import NoisyEstimator\n"
        "def calm(kinematics, config):\n    return NoisyEstimator({'white_position_m': 0.0, **config})\n"
        "def nothing(kinematics, config):\n    return None\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    made = make_estimator("own_estimators:calm", {"dropout": 0.5}, panda)
    assert (made.config.white_position_m, made.config.dropout) == (0.0, 0.5)
    with pytest.raises(ConfigurationError, match="'own_estimators:nothing' must make a PoseEstimator, not NoneType"):
        make_estimator("own_estimators:nothing", None, panda)
