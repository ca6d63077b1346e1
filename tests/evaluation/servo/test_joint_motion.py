import numpy as np
import pytest

from ctr_env.evaluation.servo.joint_motion import limit_hits, peak_joint_jerk, peak_joint_velocity
from ctr_env.evaluation.servo.trace import Trace

TIME = np.arange(301) / 30


def moving(velocities):
    return Trace(0, {"time_s": TIME[: len(velocities)], "joint_velocities": velocities})


@pytest.mark.parametrize("near, hits", [("0011010", 2), ("1100110", 2), ("0000", 0), ("1111", 1)])
def test_limit_hits_are_entries(near, hits):
    assert limit_hits(Trace(0, {"at_joint_limit": np.array([c == "1" for c in near])})) == hits


def test_peaks_of_a_sine():
    """v = a sin(ωt): velocity a, jerk aω²."""
    velocities = np.column_stack([0.3 * np.sin(2.0 * TIME), -0.5 * np.sin(1.0 * TIME)])
    assert peak_joint_velocity(moving(velocities)) == pytest.approx(0.5, rel=1e-3)
    assert peak_joint_jerk(moving(velocities)) == pytest.approx(0.3 * 2.0**2, rel=1e-2)


def test_a_constant_acceleration_has_no_jerk():
    assert peak_joint_jerk(moving(np.outer(TIME, [0.1, -0.2]))) == pytest.approx(0.0, abs=1e-9)
    assert peak_joint_jerk(moving(np.zeros((2, 7)))) is None
