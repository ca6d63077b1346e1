import numpy as np
import pytest

from ctr_env.datasets.frame import Frame
from ctr_env.estimators import PoseEstimate, PoseEstimator
from ctr_env.evaluation.error_model.sampling import SampledEstimator
from ctr_env.geometry import PinholeCamera

CAMERA = PinholeCamera.from_fov(1.0, 640, 480)


class Counting(PoseEstimator):
    def __init__(self, lost=()):
        self.times, self.lost = [], lost

    def estimate(self, frame):
        self.times.append(round(frame.time_s, 4))
        if any(low <= frame.time_s < high for low, high in self.lost):
            return PoseEstimate.invalid("lost", frame.time_s)
        return PoseEstimate(PoseEstimate.invalid("", 0.0).camera_T_base, np.eye(6), True, frame.time_s)


def sampled(source, seconds=4.0):
    estimator = SampledEstimator(source, seconds)
    estimator.reset(np.random.default_rng(0))
    for i in range(round(30 * seconds) + 1):
        time_s = i / 30
        wanted = estimator.wants_image(time_s)
        estimate = estimator.estimate(Frame(np.zeros(7), CAMERA, time_s))
        assert wanted == estimator.sampled
        assert estimate.time_s == time_s
    return np.array(source.times)


def test_frames_are_consecutive_at_both_ends_and_five_a_second_between():
    times = sampled(Counting())
    gaps = np.diff(times)
    ends = (times[1:] < 0.25) | (times[:-1] > 4.0 - 0.25)
    assert gaps[ends] == pytest.approx(1 / 30, abs=1e-3)
    assert gaps[~ends][1:-1] == pytest.approx(0.2, abs=1e-3)
    assert ends.sum() >= 12
    assert len(times) < 35


def test_frames_are_consecutive_while_the_pose_is_lost_but_not_for_ever():
    times = sampled(Counting(lost=[(1.0, 3.0)]))
    gaps = np.diff(times)[(times[:-1] > 1.0) & (times[:-1] < 3.0)]
    assert gaps[:10] == pytest.approx(1 / 30, abs=1e-3)
    assert gaps[12:] == pytest.approx(0.2, abs=1e-3)


def test_a_reset_starts_the_schedule_again():
    source = Counting()
    first = sampled(source)
    source.times.clear()
    np.testing.assert_array_equal(sampled(source), first)
