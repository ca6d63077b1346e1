"""Evidence of a hypothesis, and the model that weighs it."""

from dataclasses import replace

import numpy as np
import pytest

from ctr_env.datasets.synthetic.sampler import FrameSampler
from ctr_env.estimators.ctrnet.estimator import CtRNetEstimator
from ctr_env.estimators.ctrnet.joint_information import joint_information
from ctr_env.estimators.ctrnet.passes import search_passes
from ctr_env.estimators.ctrnet.uncertainty import UncertaintyModel
from ctr_env.estimators.ctrnet.validity import EVIDENCE, ValidityModel, evidence
from ctr_env.geometry import moved
from ctr_env.runs.seeds import frame_seed
from ctr_env.scenes.robots.kinematics import RobotKinematics

NAMES = list(EVIDENCE)
COUNT = len(NAMES)


@pytest.fixture(scope="module")
def posed():
    """View and hypothesis of one frame."""
    sampler = FrameSampler("panda", 320, 240, "mild")
    frame = sampler.sample(frame_seed("validation", 81, 0)).frame()
    sampler.close()
    pipeline = CtRNetEstimator(RobotKinematics("panda"), {"tracking": False}).pipeline
    view = pipeline.model.view(frame)
    return view, pipeline.run([view], search_passes(2, align=True))[0]


def informed(view, hypothesis):
    return joint_information(view, hypothesis, 0.2)


def test_evidence_tells_a_right_pose_from_a_wrong_one(posed):
    view, hypothesis = posed
    right = dict(zip(NAMES, evidence(view, hypothesis, informed(view, hypothesis), 0.3), strict=True))
    pose = moved(hypothesis.camera_T_base, np.array([0.1, 0.0, 0.0, 0.0, 0.2, 0.0]))
    wrong = dict(
        zip(NAMES, evidence(view, hypothesis.at(pose, 0.1), informed(view, hypothesis.at(pose, 0.1)), 0.3), strict=True)
    )
    assert right["contour"] > 0.5 > wrong["contour"]
    assert wrong["keypoint_fit"] > right["keypoint_fit"] + 1.0
    assert right["in_view"] > 0.5 and right["used"] > 0.5 and right["confidence"] > 0.5
    assert 0.5 < right["sharpness"] <= 1.0
    assert 0.0 < right["undetermined"] < 0.6


def test_a_pose_that_shows_nothing_of_the_robot_has_finite_evidence(posed):
    view, hypothesis = posed
    away = moved(hypothesis.camera_T_base, np.array([50.0, 0.0, 0.0, 0.0, 0.0, 0.0]))
    found = evidence(view, hypothesis.at(away, 0.0), informed(view, hypothesis.at(away, 0.0)), 0.3)
    assert np.isfinite(found).all()
    assert found[NAMES.index("in_view")] == 0.0
    assert found[NAMES.index("undetermined")] == pytest.approx(1.0, abs=0.02)


def test_without_a_fit_everything_is_accepted():
    assert not ValidityModel().fitted
    assert ValidityModel().probability(np.zeros(COUNT)) == 1.0
    assert ValidityModel().reason(np.zeros(COUNT)) == ""


def test_what_speaks_most_against_a_pose_is_its_reason():
    model = ValidityModel(
        mean=(0.0,) * COUNT,
        scale=(1.0,) * COUNT,
        weights=(1.5, -1.5, *(1.5,) * (COUNT - 2)),
        shifts=(0.0,) * COUNT,
    )
    assert model.reason(np.full(COUNT, 0.1)) == ""
    for i, (name, reason) in enumerate(EVIDENCE.items()):
        found = np.zeros(COUNT)
        found[i] = 5.0 if name == "keypoint_fit" else -5.0
        assert model.probability(found) < 0.01
        assert model.reason(found) == reason
    assert replace(model, least_probability=0.001).reason(found) == ""


def test_weights_change_with_how_much_the_image_determines():
    weights, shifts = np.zeros(COUNT), np.zeros(COUNT)
    weights[0], shifts[0] = 1.0, 0.5
    model = ValidityModel(mean=(1.0,) * COUNT, scale=(2.0,) * COUNT, weights=tuple(weights), shifts=tuple(shifts))
    found = np.ones(COUNT)
    found[0], found[NAMES.index("undetermined")] = 5.0, -3.0  # standardised 2 and -2
    assert model.probability(found) == pytest.approx(0.5)
    found[NAMES.index("undetermined")] = 1.0
    assert model.probability(found) == pytest.approx(1.0 / (1.0 + np.exp(-2.0)))


def test_a_model_of_other_evidence_is_rejected():
    with pytest.raises(ValueError, match=rf"weights must be {COUNT} numbers or none"):
        ValidityModel(weights=(1.0,))
    with pytest.raises(ValueError, match="least_probability"):
        ValidityModel(least_probability=1.5)
    nested = UncertaintyModel(
        validity={
            "bias": 1.0,
            "weights": [0.0] * COUNT,
            "mean": [0.0] * COUNT,
            "scale": [1.0] * COUNT,
            "shifts": [0.0] * COUNT,
        }
    )
    assert nested.validity.probability(np.zeros(COUNT)) == pytest.approx(1.0 / (1.0 + np.exp(-1.0)))
