"""Predictive control needs its extra: without it nothing here is collected. A kinematic arm to control."""

from __future__ import annotations

from importlib.util import find_spec

import pytest

from ..kinematic_arm import Arm

collect_ignore_glob = [] if find_spec("crocoddyl") and find_spec("pinocchio") else ["test_*.py"]


@pytest.fixture
def arm_of() -> type[Arm]:
    return Arm
