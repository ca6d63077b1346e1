"""Deferred transforms are those of SciPy, whatever is asked of them first."""

import copy
import pickle

import numpy as np
import pytest
from scipy.spatial.transform import RigidTransform, Rotation

from ctr_env.geometry import DeferredTransform, transform

POSE = transform([1.0, -2.0, 0.5], Rotation.from_rotvec([0.3, -0.7, 1.1]))
QUESTIONS = {
    "matrix": lambda pose: pose.as_matrix(),
    "left product": lambda pose: (pose * POSE).as_matrix(),
    "right product": lambda pose: (POSE * pose).as_matrix(),
    "inverse": lambda pose: pose.inv().as_matrix(),
    "points": lambda pose: pose.apply([[1.0, 2.0, 3.0], [0.0, 0.0, 0.0]]),
    "translation": lambda pose: pose.translation,
    "rotation": lambda pose: pose.rotation.as_quat(),
    "single": lambda pose: np.array(pose.single),
    "exponential": lambda pose: pose.as_exp_coords(),
    "stack": lambda pose: RigidTransform.concatenate([pose, POSE, pose]).as_matrix(),
    "pickle": lambda pose: pickle.loads(pickle.dumps(pose)).as_matrix(),
    "copy": lambda pose: copy.deepcopy(pose).as_matrix(),
}


@pytest.mark.parametrize("question", QUESTIONS.values(), ids=QUESTIONS.keys())
def test_every_first_question_has_the_answer_of_scipy(question):
    deferred = DeferredTransform(POSE.as_matrix())
    assert isinstance(deferred, RigidTransform)
    for _ in range(2):
        np.testing.assert_array_equal(question(deferred), question(POSE))


def test_a_matrix_that_was_read_can_be_changed():
    deferred = DeferredTransform(POSE.as_matrix())
    deferred.as_matrix()[:] = 0.0
    np.testing.assert_array_equal(deferred.as_matrix(), POSE.as_matrix())


def test_attributes_that_do_not_exist_are_named():
    deferred = DeferredTransform(POSE.as_matrix())
    for _ in range(2):
        with pytest.raises(AttributeError, match="'DeferredTransform' object has no attribute 'colour'"):
            deferred.colour  # noqa: B018
