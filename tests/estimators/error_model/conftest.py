"""Error models with known parameters."""

from dataclasses import fields

import numpy as np
import pytest

from ctr_env.estimators.error_model.covariance import COVARIANCE_NUMBERS
from ctr_env.estimators.error_model.model import ErrorModel, ErrorModelHeader
from ctr_env.estimators.error_model.network import SmallNetwork
from ctr_env.estimators.error_model.process import ErrorProcess
from ctr_env.estimators.error_model.view import feature_names

PRESETS = ("mild", "strong")


def _network(inputs, outputs, bias=0.0, hidden=2):
    shapes = SmallNetwork.shapes(inputs, hidden, outputs)
    arrays = {name: np.zeros(shape) for name, shape in shapes.items()}
    arrays["bias"] += bias
    return SmallNetwork(**arrays)


def _process(inputs, dimension, log_scale=0.0, shares=(0.5, 0.3, 0.2), length=0.2, spreads=(0.0, 0.0)):
    return ErrorProcess(
        _network(inputs, 2 * dimension, np.repeat([0.0, log_scale], dimension)),
        np.eye(dimension),
        np.tile(shares, (dimension, 1)),
        np.full(dimension, length),
        np.array(spreads),
    )


def _flattened(name, part):
    found = {}
    for each in fields(part):
        value = getattr(part, each.name)
        key = f"{name}.{each.name}"
        found |= _flattened(key, value) if isinstance(value, SmallNetwork) else {key: value}
    return found


def _known_model(joints=7, robot="panda", validity=30.0, gripper_seen=30.0, **errors):
    """Errors that are unit normal in units of the reported covariances, which are those of one pixel."""
    inputs = len(feature_names(joints)) + len(PRESETS)
    arrays = {"feature_mean": np.zeros(inputs), "feature_std": np.ones(inputs)}
    arrays |= {
        "gripper_gain": 0.5 * np.eye(6),
        "covariance_range": np.tile([[-9.0], [9.0]], 21),
        "rejected": np.array([[np.log(0.3), 0.1], [np.log(0.5), 0.1]]),
    }
    arrays |= _flattened("errors", _process(inputs, 6, **errors))
    arrays |= _flattened("covariances", _process(inputs, COVARIANCE_NUMBERS, log_scale=-4.0))
    arrays |= _flattened("gripper", _process(inputs, 6))
    arrays |= _flattened("validity", _network(inputs + 4, 1, validity))
    arrays |= _flattened("gripper_seen", _network(inputs, 1, gripper_seen))
    header = ErrorModelHeader(
        robot=robot,
        joints=joints,
        presets=PRESETS,
        systematic_m=0.002,
        systematic_rad=0.003,
        reasons={"contour_mismatch": 1.0},
    )
    return ErrorModel(header, arrays)


@pytest.fixture(scope="session")
def network():
    """Makes a network whose output is its bias: of the numbers of inputs and outputs, and the bias."""
    return _network


@pytest.fixture(scope="session")
def process():
    """Makes a process: of the numbers of inputs and components, and its parameters."""
    return _process


@pytest.fixture(scope="session")
def known_model():
    """Makes a model: of the robot, the log odds of validity, and the parameters of the errors."""
    return _known_model
