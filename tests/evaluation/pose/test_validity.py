"""Fitting a validity model to poses whose errors are known."""

import numpy as np
import pytest

from ctr_env.estimators.ctrnet.validity import EVIDENCE
from ctr_env.evaluation.pose.validity import LabelledPose, fit_validity_model, rejected_shares

COUNT = len(EVIDENCE)
UNDETERMINED = list(EVIDENCE).index("undetermined")


def judged(count=1500, seed=0, noise=0.3):
    """Poses of which those with a low first and a high second quantity are wrong; the other quantities are noise."""
    rng = np.random.default_rng(seed)
    found = []
    for i in range(count):
        x = rng.normal(0.0, 1.0, COUNT)
        kind = ("strong", "hard", "mismatched")[i % 3]
        if kind == "mismatched":
            x[0] -= 2.5
        right = kind != "mismatched" and x[0] - x[1] + rng.normal(0.0, noise) > 0.0
        found.append(LabelledPose(kind, 5.0 + 2.0 * x, 0.01 if right else np.inf, accepted=True))
    return found


def test_the_quantities_that_matter_are_found():
    model = fit_validity_model(judged())
    weights = np.array(model.weights)
    assert weights[0] > 0.0 > weights[1]
    assert np.abs([*weights[2:], *model.shifts]).max() < 0.2 * min(weights[0], -weights[1])


def test_weights_may_depend_on_how_much_the_image_determines():
    """Poses of which a low first quantity tells only where much is undetermined."""
    rng = np.random.default_rng(0)
    poses = []
    for _ in range(3000):
        x = rng.normal(0.0, 1.0, COUNT)
        right = rng.random() < 1.0 / (1.0 + np.exp(-3.0 * x[0] * x[UNDETERMINED]))
        poses.append(LabelledPose("hard", x, 0.01 if right else np.inf, accepted=True))
    model = fit_validity_model(poses)
    assert model.shifts[0] > 1.0 > 10.0 * abs(model.weights[0])
    assert np.argmax(np.abs(model.shifts)) == 0


def test_at_most_one_per_cent_of_the_accepted_poses_are_wrong():
    poses = judged(3000)
    model = fit_validity_model(poses)
    shares = rejected_shares(poses, model)
    own = [shares[kind] for kind in ("strong", "hard")]
    kept = [share["poses"] * (1.0 - share["rejected"]) for share in own]
    assert sum(k * share["wrong"] for k, share in zip(kept, own, strict=True)) <= 0.0101 * sum(kept)
    assert sum(kept) > 0.3 * 2000  # of which half are right
    assert shares["mismatched"]["poses"] == 1000
    assert shares["mismatched"]["rejected"] >= 0.9


def test_new_poses_fare_alike():
    model, fresh = fit_validity_model(judged(3000)), judged(3000, seed=1)
    for kind, share in rejected_shares(fresh, model).items():
        if kind == "mismatched":  # all of which are wrong
            assert share["rejected"] > 0.87
            continue
        assert share["wrong"] < 0.03
        assert share["rejected"] == pytest.approx(rejected_shares(judged(3000), model)["strong"]["rejected"], abs=0.06)


def test_there_is_no_model_without_right_and_wrong_poses_or_a_threshold():
    right = [each for each in judged() if each.add_m < 0.1]
    assert not fit_validity_model([]).fitted
    assert not fit_validity_model(right).fitted
    errors = np.where(np.random.default_rng(0).random(400) < 0.6, np.inf, 0.01)
    alike = [LabelledPose("hard", np.ones(COUNT), error, accepted=True) for error in errors]
    assert not fit_validity_model(alike).fitted  # nothing tells right from wrong: no threshold is safe
