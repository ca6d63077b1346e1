import numpy as np

from ctr_env.estimators import GroundTruth
from ctr_env.estimators.truth_memory import TruthMemory
from ctr_env.geometry import transform


def truth(time_s, x=0.0):
    return GroundTruth(time_s, transform((x, 0.0, 1.0)))


def test_truths_are_found_by_time_and_the_oldest_is_dropped():
    memory = TruthMemory(capacity=3)
    for time in (0.0, 0.1, 0.2, 0.3):
        memory.add(truth(time))
    assert memory.at(0.0) is None
    assert [memory.at(time).time_s for time in (0.1, 0.2, 0.3)] == [0.1, 0.2, 0.3]


def test_a_truth_replaces_an_earlier_one_of_the_same_time():
    memory = TruthMemory(capacity=2)
    for item in (truth(0.0, 1.0), truth(0.1), truth(0.0, 2.0), truth(0.2)):
        memory.add(item)
    np.testing.assert_array_equal(memory.at(0.0).camera_T_base.translation, (2.0, 0.0, 1.0))
    assert memory.at(0.1) is None


def test_nothing_is_left_after_clearing():
    memory = TruthMemory()
    memory.add(truth(0.0))
    memory.clear()
    assert memory.at(0.0) is None
