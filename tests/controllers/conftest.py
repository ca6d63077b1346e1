"""Fixtures of the controllers' tests."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from ctr_env.scenes.robots.kinematics import RobotKinematics


@cache
def _kinematics(name: str) -> RobotKinematics:
    return RobotKinematics(name)


@pytest.fixture(scope="session", params=["baxter", "panda"])
def kinematics(request: pytest.FixtureRequest) -> RobotKinematics:
    """Both kinds of arm; the right arm of a Baxter mirrors the left one."""
    return _kinematics(request.param)


@pytest.fixture(scope="session")
def panda() -> RobotKinematics:
    return _kinematics("panda")


@pytest.fixture(scope="session")
def baxter() -> RobotKinematics:
    return _kinematics("baxter")


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(20)
