"""A short adaptation of the packaged weights: it runs, reads no label, and says how well it fits what it sees."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from ctr_env.datasets.synthetic.sampler import FrameSampler
from ctr_env.estimators.ctrnet.packaged import packaged_weights
from ctr_env.estimators.ctrnet.weights import load_network
from ctr_env.learning.self_training.adapter import Adapter
from ctr_env.learning.self_training.config import AdaptationConfig
from ctr_env.runs.seeds import frame_seed
from ctr_env.scenes.robots.catalogue import get_robot

WEIGHTS = packaged_weights(get_robot("panda"))
SHORT = AdaptationConfig(minutes=0.3, batch=2, rounds=1, replay_share=0.0, fixed_camera=False)


@pytest.fixture(scope="module")
def frames():
    sampler = FrameSampler("panda", randomization="mild")
    found = [sampler.sample(frame_seed("validation", 7, i)).frame() for i in range(3)]
    sampler.close()
    return found


def test_it_runs_goes_on_and_writes_weights(frames, tmp_path):
    rounds, steps = [], []
    adapter = Adapter(SHORT, [frames], WEIGHTS, None, tmp_path / "run")
    adapter.run(lambda step, progress, parts: steps.append(parts), rounds.append)
    assert len(rounds) == 2 and rounds[-1].progress == 1.0
    assert all(np.isfinite(list(parts.values())).all() for parts in steps) and steps
    assert rounds[0].usable == 1.0 and rounds[0].score > 0.4
    adapter.write(tmp_path / "adapted.safetensors")
    _, header = load_network(tmp_path / "adapted.safetensors")
    assert header.recipe["score_after"] >= header.recipe["score_before"]
    again = Adapter(SHORT, [frames], WEIGHTS, None, tmp_path / "run")
    assert again.progress == 1.0 and again.step == adapter.step
    others = [replace(frame, image=frame.image[::-1]) for frame in frames]
    with pytest.raises(ValueError, match="images_sha256"):
        Adapter(SHORT, [others], WEIGHTS, None, tmp_path / "run")


def test_a_network_that_loses_the_robot_is_not_kept(frames, tmp_path):
    wild = replace(SHORT, minutes=None, steps=4, rounds=2, learning_rate=1.0, ema=0.0)
    rounds = []
    adapter = Adapter(wild, [frames], WEIGHTS, None, tmp_path / "run")
    adapter.run(lambda step, progress, parts: None, rounds.append)
    assert rounds[0].usable == 1.0 and rounds[-1].usable == 0.0
    adapter.write(tmp_path / "adapted.safetensors")
    before, after = (load_network(file)[0].state_dict() for file in (WEIGHTS, tmp_path / "adapted.safetensors"))
    assert all(torch.equal(value, after[name]) for name, value in before.items())


def test_what_is_wrong_is_named(frames, tmp_path):
    with pytest.raises(ValueError, match="no images"):
        Adapter(SHORT, [], WEIGHTS, None, tmp_path)
    with pytest.raises(ValueError, match="3 different intrinsics"):
        Adapter(replace(SHORT, fixed_camera=True), [frames], WEIGHTS, None, tmp_path)
    with pytest.raises(ValueError, match="robot 'panda', not 'baxter'"):
        Adapter(replace(SHORT, robot="baxter"), [frames], WEIGHTS, None, tmp_path)
    with pytest.raises(ValueError, match="replay_share"):
        Adapter(replace(SHORT, replay_share=0.5), [frames], WEIGHTS, None, tmp_path)
    with pytest.raises(ValueError, match="needs a term"):
        AdaptationConfig(steps=1, silhouette=0.0, mask=0.0, distance=0.0, pseudo=0.0)
