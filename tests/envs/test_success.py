"""Success is half a second within both tolerances."""

import numpy as np

from ctr_env.envs.success import POSITION_TOLERANCE_M, SuccessMonitor

CLOSE, FAR = POSITION_TOLERANCE_M * 0.9, POSITION_TOLERANCE_M * 1.1


def test_success_needs_half_a_second_within_tolerance():
    monitor = SuccessMonitor()
    times = np.arange(0, 2, 1 / 30)
    verdicts = [monitor.update(t, FAR if 20 <= i < 25 else CLOSE, 0.0) for i, t in enumerate(times)]
    assert verdicts.index(True) == 15
    assert not any(verdicts[20:40])
    assert all(verdicts[40:])


def test_rotations_count_too():
    monitor = SuccessMonitor()
    assert not any(monitor.update(t, CLOSE, np.radians(1.1)) for t in np.arange(0, 2, 1 / 30))
