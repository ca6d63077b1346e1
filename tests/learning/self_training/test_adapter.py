"""A short adaptation of the packaged weights: it runs, resumes, uses no label, and claims no measurement."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from ctr_env.datasets.synthetic.sampler import FrameSampler
from ctr_env.errors import ConfigurationError, DataError, RunFolderError, TrainingError
from ctr_env.estimators.ctrnet.packaged import packaged_weights
from ctr_env.estimators.ctrnet.weights import load_network, read_header
from ctr_env.learning.self_training import student as student_module
from ctr_env.learning.self_training.adapter import Adapter
from ctr_env.learning.self_training.config import AdaptationConfig
from ctr_env.learning.self_training.teacher import Evaluation
from ctr_env.runs.seeds import frame_seed
from ctr_env.scenes.robots.catalogue import get_robot

WEIGHTS = packaged_weights(get_robot("panda"))
SHORT = AdaptationConfig(steps=4, batch=2, rounds=2, replay_share=0.0, fixed_camera=False, device="cpu")


def ignored(*_):
    """Ignore progress."""


@pytest.fixture(scope="module")
def frames():
    sampler = FrameSampler("panda", randomization="mild")
    found = [sampler.sample(frame_seed("validation", 7, i)).frame() for i in range(2)]
    sampler.close()
    return found


def test_it_runs_and_is_not_repeated(frames, tmp_path):
    rounds, steps = [], []
    adapter = Adapter(SHORT, [frames], WEIGHTS, None, tmp_path / "run")
    adapter.run(lambda step, progress, parts: steps.append(parts), rounds.append)
    assert [each.progress for each in rounds] == [0.0, 0.5, 1.0]
    assert len(steps) == 4 and all(np.isfinite(list(parts.values())).all() for parts in steps)
    assert rounds[0].usable == 1.0 and rounds[0].score > 0.4
    again = Adapter(SHORT, [frames], WEIGHTS, None, tmp_path / "run")
    assert again.progress == 1.0 and again.step == adapter.step
    others = [replace(frame, image=frame.image[::-1]) for frame in frames]
    with pytest.raises(RunFolderError, match="images_sha256"):
        Adapter(SHORT, [others], WEIGHTS, None, tmp_path / "run")


def test_adapted_weights_claim_no_measurement(frames, tmp_path):
    """Validation metrics and covariance scale belong to the weights at the start."""
    start = read_header(WEIGHTS)
    adapter = Adapter(replace(SHORT, steps=1, rounds=1), [frames], WEIGHTS, None, tmp_path / "run")
    adapter.run(ignored, ignored)
    adapter.write(tmp_path / "adapted.safetensors")
    header = read_header(tmp_path / "adapted.safetensors")
    assert start.uncertainty.source == "measured" and header.uncertainty.source == "inherited"
    assert header.uncertainty.inherited_from.startswith("panda.safetensors (sha256 ")
    assert header.uncertainty.covariance_scale == start.uncertainty.covariance_scale
    assert header.metrics == {}
    assert header.recipe["start"]["metrics"] == start.metrics
    assert header.recipe["score_after"] >= header.recipe["score_before"]
    second = Adapter(SHORT, [frames], tmp_path / "adapted.safetensors", None, tmp_path / "second")
    assert second.header.uncertainty.inherited_from == header.uncertainty.inherited_from


def test_a_loss_that_is_not_finite_leaves_the_last_checkpoint_intact(frames, tmp_path, monkeypatch):
    objective, calls = student_module.unlabelled_loss, []

    def broken(*arguments):
        parts = objective(*arguments)
        calls.append(parts)
        if len(calls) == 4:
            parts["pseudo"] = parts["pseudo"] * float("nan")
            parts["loss"] = parts["loss"] + parts["pseudo"]
        return parts

    monkeypatch.setattr(student_module, "unlabelled_loss", broken)
    with pytest.raises(TrainingError, match="step 4: part pseudo of the loss is nan"):
        Adapter(SHORT, [frames], WEIGHTS, None, tmp_path / "run").run(ignored, ignored)
    resumed = Adapter(SHORT, [frames], WEIGHTS, None, tmp_path / "run")
    assert resumed.step == 2  # the second evaluation
    resumed.run(ignored, ignored)
    assert resumed.step == 4
    resumed.write(tmp_path / "adapted.safetensors")


def test_a_network_that_loses_the_robot_is_not_kept(frames, tmp_path):
    wild = replace(SHORT, learning_rate=1.0, ema=0.0)
    rounds = []
    adapter = Adapter(wild, [frames], WEIGHTS, None, tmp_path / "run")
    adapter.run(ignored, rounds.append)
    assert rounds[0].usable == 1.0 and rounds[-1].usable == 0.0
    adapter.write(tmp_path / "adapted.safetensors")
    before, after = (load_network(file)[0].state_dict() for file in (WEIGHTS, tmp_path / "adapted.safetensors"))
    assert all(torch.equal(value, after[name]) for name, value in before.items())


def test_what_does_not_fit_together_is_named(frames, tmp_path):
    with pytest.raises(DataError, match="no images"):
        Adapter(SHORT, [], WEIGHTS, None, tmp_path)
    with pytest.raises(DataError, match="2 different intrinsics"):
        Adapter(replace(SHORT, fixed_camera=True), [frames], WEIGHTS, None, tmp_path)
    with pytest.raises(ConfigurationError, match="robot 'panda', not 'baxter'"):
        Adapter(replace(SHORT, robot="baxter"), [frames], WEIGHTS, None, tmp_path)
    with pytest.raises(ConfigurationError, match="replay_share"):
        Adapter(replace(SHORT, replay_share=0.5), [frames], WEIGHTS, None, tmp_path)
    assert not list(tmp_path.iterdir())


def test_an_adaptation_needs_a_term():
    with pytest.raises(ConfigurationError, match="needs a term"):
        AdaptationConfig(steps=1, silhouette=0.0, mask=0.0, distance=0.0, pseudo=0.0)


def test_it_ends_when_the_score_stops_rising(frames, tmp_path, monkeypatch):
    scores = iter([0.5, 0.6, 0.6005, 0.55, 0.9])
    original = Evaluation.of
    monkeypatch.setattr(
        Evaluation, "of", lambda labels, progress: replace(original(labels, progress), score=next(scores))
    )
    patient = replace(SHORT, steps=8, rounds=8, patience=2)
    adapter = Adapter(patient, [frames], WEIGHTS, None, tmp_path / "run")
    header = adapter.run(ignored, ignored)
    assert [each.score for each in adapter.rounds] == [0.5, 0.6, 0.6005, 0.55]
    assert adapter.step == 3 and header.recipe["score_after"] == 0.6005
