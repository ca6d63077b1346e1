"""Fixtures of the controllers' tests."""

from __future__ import annotations

import numpy as np
import pytest

from ctr_env.scenes.kinematics import RobotKinematics
from ctr_env.scenes.robots import ROBOTS

_KINEMATICS: dict[str, RobotKinematics] = {}


def _kinematics(name: str) -> RobotKinematics:
    if name not in _KINEMATICS:
        _KINEMATICS[name] = RobotKinematics(name)
    return _KINEMATICS[name]


@pytest.fixture(params=sorted(ROBOTS))
def kinematics(request: pytest.FixtureRequest) -> RobotKinematics:
    """Every robot in turn."""
    return _kinematics(request.param)


@pytest.fixture
def panda() -> RobotKinematics:
    return _kinematics("panda")


@pytest.fixture
def baxter() -> RobotKinematics:
    return _kinematics("baxter")


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(20)
