"""Causes of a stall, each in a configuration that has it."""

from __future__ import annotations

import numpy as np
import pytest

from ctr_env.controllers import JointLimiter
from ctr_env.controllers.stall import StallDiagnosis, residual_damping
from ctr_env.geometry import transform, twist_between


@pytest.fixture
def diagnosis(panda) -> StallDiagnosis:
    return StallDiagnosis(panda, JointLimiter.of(panda, 0.01), rotation_length=0.3)


@pytest.mark.parametrize("offset", [1.5, 5.0])
def test_goals_beyond_the_arm_are_out_of_reach(panda, diagnosis, offset):
    pose = panda.base_T_ee(panda.home)
    goal = transform(pose.translation + np.array([offset, 0.0, 0.0]), pose.rotation)
    assert diagnosis.reason(panda.home, twist_between(pose, goal), goal) == "out_of_reach"


def test_a_goal_of_any_joint_configuration_is_within_reach(panda, diagnosis, rng):
    for _ in range(5):
        q = rng.uniform(panda.lower + 0.1, panda.upper - 0.1)
        goal = panda.base_T_ee(q)
        twist = twist_between(panda.base_T_ee(panda.home), goal)
        assert diagnosis.reason(panda.home, twist, goal) != "out_of_reach"


def test_a_joint_at_its_stop_that_would_have_to_go_on_is_named(panda, diagnosis):
    q = panda.home.copy()
    q[6] = diagnosis._limiter.upper[6]
    J = panda.jacobian(q)
    assert diagnosis.reason(q, J[:, 6], None) == "at_limit"
    assert diagnosis.reason(q, -J[:, 6], None) == "singular"  # the joint is free in that direction


def test_the_search_is_repeated_only_when_the_goal_has_moved(panda, diagnosis, monkeypatch):
    calls = []

    def search(starts, goal, *rest):
        calls.append(goal)
        return starts[0], True

    monkeypatch.setattr(diagnosis._ik, "search", search)
    pose = panda.base_T_ee(panda.home)
    for offset in (0.0, 0.01, 0.04, 0.2):
        diagnosis.reason(
            panda.home, np.ones(6), transform(pose.translation + np.array([offset, 0.0, 0.0]), pose.rotation)
        )
    assert len(calls) == 2


def test_damping_grows_with_the_residual():
    assert residual_damping(0.0) == 0.0
    assert residual_damping(0.01) == pytest.approx(0.1)
