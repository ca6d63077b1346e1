import json
from dataclasses import replace

import pytest
import torch

from ctr_env.estimators.ctrnet import compact
from ctr_env.estimators.ctrnet.compact import CompactNet
from ctr_env.estimators.ctrnet.points import paper_keypoints
from ctr_env.estimators.ctrnet.weights import WeightsHeader, load_network, load_weights, save_weights
from ctr_env.learning.supervised import trainer as module
from ctr_env.learning.supervised.config import TrainingConfig
from ctr_env.learning.supervised.trainer import Trainer
from ctr_env.scenes.robots.catalogue import get_robot


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """Points that need no scene, a thin network, and no accelerator: repeatable to the bit."""
    monkeypatch.setattr(compact, "_WIDTHS", (8, 12, 16, 16))
    monkeypatch.setattr(module, "spread_points", paper_keypoints)
    fabric = module.Fabric
    monkeypatch.setattr(module, "Fabric", lambda **how: fabric(**(how | {"accelerator": "cpu", "devices": 1})))


@pytest.fixture
def config(write_folder, tmp_path):
    return TrainingConfig(
        data=str(write_folder(tmp_path / "frames", count=5)),
        steps=6,
        batch=2,
        width=64,
        height=48,
        workers=0,
        precision="32-true",
        save_minutes=0.0,
        ema=0.9,
    )


def silent(step, progress, parts):
    """Nobody is told."""


class PowerCutError(Exception):
    """What ends a training without warning."""


def test_a_training_that_was_cut_short_ends_in_the_same_weights(config, tmp_path):
    losses = {}

    def note(step, progress, parts):
        assert progress == step / 6
        losses[step] = parts["loss"]

    def cut(step, progress, parts):
        assert parts["loss"] == losses[step]
        if step == 4:  # the third is saved, this one is lost
            raise PowerCutError

    straight = Trainer(config, tmp_path / "straight").run(note)
    assert sorted(losses) == [1, 2, 3, 4, 5, 6]
    with pytest.raises(PowerCutError):
        Trainer(config, tmp_path / "cut").run(cut)
    again = Trainer(replace(config, save_minutes=5.0), tmp_path / "cut")
    assert again.step == 3
    cut_short = again.run(note)

    (one, header), (other, its_header) = load_weights(straight), load_weights(cut_short)
    assert {**header.recipe, "minutes_done": 0} == {**its_header.recipe, "minutes_done": 0}
    assert all(torch.equal(value, other[name]) for name, value in one.items())
    states = [torch.load(file.parent / "checkpoint.pt", weights_only=True) for file in (straight, cut_short)]
    assert all(torch.equal(value, states[1]["network"][name]) for name, value in states[0]["network"].items())
    assert states[1]["updates"] == 6
    assert Trainer(config, tmp_path / "cut").progress == 1.0


def test_the_weights_say_what_they_are_and_how_they_came_to_be(config, tmp_path):
    trainer = Trainer(replace(config, steps=2), tmp_path / "out")
    network, header = load_network(trainer.run(silent))
    assert header.robot == "panda"
    assert header.input_size == (64, 48)
    assert [point[0] for point in header.keypoints] == list(get_robot("panda").keypoint_frames)
    assert header.recipe["steps_done"] == 2
    assert header.recipe["data"] == "frames"  # not where it lay on somebody's machine
    assert header.recipe["learning_rate"] == config.learning_rate
    assert "workers" not in header.recipe
    batch = trainer.examples(100, 3)
    assert batch.images.shape == (3, 3, 48, 64)
    average = trainer.predict(batch)
    assert average.keypoints_px.shape == (3, 7, 2)
    assert trainer.network.training
    with torch.inference_mode():
        assert network(torch.zeros(1, 3, 48, 64)).keypoints_px.isfinite().all()


def test_another_training_in_the_folder_is_rejected(config, tmp_path):
    out = tmp_path / "out"
    Trainer(replace(config, steps=1), out).run(silent)
    recipe = (out / "config.json").read_bytes()
    with pytest.raises(ValueError, match=r"out holds a training with batch=2, now 3; choose another folder"):
        Trainer(replace(config, batch=3), out)
    assert (out / "config.json").read_bytes() == recipe
    longer = Trainer(replace(config, steps=4), out)  # but it may take longer
    assert longer.progress == 0.25
    assert json.loads((out / "config.json").read_text())["steps"] == 4


def test_training_goes_on_from_other_weights(config, tmp_path):
    torch.manual_seed(5)
    net = CompactNet(9)
    points = tuple((f"link{i}", 0.0, 0.0, 0.0) for i in range(9))
    file = tmp_path / "other.safetensors"
    header = WeightsHeader(architecture="compact", robot="baxter", keypoints=points, input_size=(64, 48))
    save_weights(file, net.state_dict(), header)
    state = Trainer(replace(config, initial=str(file)), tmp_path / "out").network.state_dict()
    fresh = Trainer(config, tmp_path / "fresh").network.state_dict()
    taken = {name for name, value in net.state_dict().items() if value.shape == state[name].shape}
    for name, value in net.state_dict().items():
        expected = value if name in taken else fresh[name]  # nine keypoint heads do not fit seven
        torch.testing.assert_close(state[name], expected, atol=1e-3, rtol=1e-3)
    assert {name.split(".")[0] for name in state if name not in taken} == {"heatmap", "judge", "judge_bias"}


def test_a_length_in_minutes_is_kept(config, tmp_path):
    trainer = Trainer(replace(config, steps=None, minutes=0.01, save_minutes=3.0), tmp_path / "out")
    told = []
    trainer.run(lambda step, progress, parts: told.append(progress))
    assert trainer.seconds >= 0.6
    assert told == sorted(told)
    assert told[-1] == 1.0


@pytest.mark.parametrize(
    "change, error, message",
    [
        ({"robot": "ur5"}, ValueError, "ur5"),
        ({"architecture": "unet"}, ValueError, "valid names: compact, deeplab_resnet50"),
        ({"precision": "three"}, ValueError, "three"),
        ({"data": "/nowhere"}, FileNotFoundError, "no frames .* in /nowhere"),
        ({"backgrounds": "/nowhere"}, FileNotFoundError, "background folder /nowhere"),
        ({"initial": "/nowhere.safetensors"}, FileNotFoundError, "no weights file /nowhere.safetensors"),
    ],
)
def test_bad_settings_leave_nothing_behind(config, tmp_path, change, error, message):
    with pytest.raises(error, match=message):
        Trainer(replace(config, **change), tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("data, method", [(True, "fork"), (False, "spawn")])
def test_workers_that_draw_are_not_forked(config, tmp_path, data, method):
    """A forked process cannot use the graphics driver that its parent has used."""
    trainer = Trainer(config if data else replace(config, data=None), tmp_path / "out")
    assert trainer._start_method() == method
