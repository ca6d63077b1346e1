"""An error model with known parameters, for tests."""

from dataclasses import fields

import numpy as np

from ctr_env.estimators.error_model.covariance import COVARIANCE_NUMBERS
from ctr_env.estimators.error_model.model import ErrorModel, ErrorModelHeader
from ctr_env.estimators.error_model.network import SmallNetwork
from ctr_env.estimators.error_model.process import ErrorProcess
from ctr_env.estimators.error_model.view import feature_names

PRESETS = ("mild", "strong")


def network(inputs, outputs, bias=0.0, hidden=2):
    shapes = SmallNetwork.shapes(inputs, hidden, outputs)
    arrays = {name: np.zeros(shape) for name, shape in shapes.items()}
    arrays["bias"] += bias
    return SmallNetwork(**arrays)


def process(inputs, dimension, log_scale=0.0, shares=(0.5, 0.3, 0.2), length=0.2, dof=1e6):
    return ErrorProcess(
        network(inputs, 2 * dimension, np.repeat([0.0, log_scale], dimension)),
        np.eye(dimension),
        np.tile(shares, (dimension, 1)),
        np.full(dimension, length),
        np.array([dof]),
    )


def flattened(name, part):
    found = {}
    for each in fields(part):
        value = getattr(part, each.name)
        key = f"{name}.{each.name}"
        found |= flattened(key, value) if isinstance(value, SmallNetwork) else {key: value}
    return found


def known_model(joints=7, robot="panda", validity=30.0, gripper_seen=30.0, **errors):
    """Errors that are unit normal in units of the reported covariances, which are those of one pixel."""
    inputs = len(feature_names(joints)) + len(PRESETS)
    arrays = {"feature_mean": np.zeros(inputs), "feature_std": np.ones(inputs)}
    arrays |= {"gripper_gain": 0.5 * np.eye(6), "rejected": np.array([[np.log(0.3), 0.1], [np.log(0.5), 0.1]])}
    arrays |= flattened("errors", process(inputs, 6, **errors))
    arrays |= flattened("covariances", process(inputs, COVARIANCE_NUMBERS, log_scale=-4.0))
    arrays |= flattened("gripper", process(inputs, 6))
    arrays |= flattened("validity", network(inputs + 4, 1, validity))
    arrays |= flattened("gripper_seen", network(inputs, 1, gripper_seen))
    header = ErrorModelHeader(
        robot=robot,
        joints=joints,
        presets=PRESETS,
        systematic_m=0.002,
        systematic_rad=0.003,
        reasons={"contour_mismatch": 1.0},
    )
    return ErrorModel(header, arrays)
