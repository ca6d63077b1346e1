import json
import os
import socket
import subprocess
import sys
from dataclasses import asdict, replace

import pytest
import torch

from ctr_env.errors import RunFolderError, TrainingError
from ctr_env.estimators.ctrnet import compact
from ctr_env.estimators.ctrnet.compact import CompactNet
from ctr_env.estimators.ctrnet.estimator import CtRNetEstimator
from ctr_env.estimators.ctrnet.points import paper_keypoints
from ctr_env.estimators.ctrnet.weights import WeightsHeader, load_network, load_weights, save_weights
from ctr_env.learning.supervised import trainer as module
from ctr_env.learning.supervised.config import TrainingConfig
from ctr_env.learning.supervised.trainer import Trainer
from ctr_env.scenes.robots.catalogue import get_robot
from ctr_env.scenes.robots.kinematics import RobotKinematics


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """Points that need no scene, and a thin network."""
    monkeypatch.setattr(compact, "_WIDTHS", (8, 12, 16, 16))
    monkeypatch.setattr(module, "spread_points", paper_keypoints)


@pytest.fixture
def config(write_folder, tmp_path):
    return TrainingConfig(
        data=(str(write_folder(tmp_path / "frames", count=5)),),
        steps=6,
        batch=2,
        width=64,
        height=48,
        workers=0,
        device="cpu",  # repeatable to the bit
        precision="32-true",
        save_minutes=0.0,
        ema=0.9,
    )


def silent(step, progress, parts):
    """Ignore progress."""


class PowerCutError(Exception):
    """What ends a training without warning."""


def test_an_interrupted_training_ends_in_the_same_weights(config, tmp_path):
    losses = {}

    def note(step, progress, parts):
        assert progress == step / 6
        losses[step] = parts["loss"]

    def cut(step, progress, parts):
        assert parts["loss"] == losses[step]
        if step == 4:  # the third is saved, this one is lost
            raise PowerCutError

    whole = Trainer(config, tmp_path / "whole").run(note)
    assert sorted(losses) == [1, 2, 3, 4, 5, 6]
    with pytest.raises(PowerCutError):
        Trainer(config, tmp_path / "cut").run(cut)
    again = Trainer(replace(config, save_minutes=5.0), tmp_path / "cut")
    assert again.step == 3
    cut_short = again.run(note)

    (one, header), (other, its_header) = load_weights(whole), load_weights(cut_short)
    assert {**header.recipe, "minutes_done": 0} == {**its_header.recipe, "minutes_done": 0}
    assert all(torch.equal(value, other[name]) for name, value in one.items())
    states = [torch.load(file.parent / "checkpoint.pt", weights_only=True) for file in (whole, cut_short)]
    assert all(torch.equal(value, states[1]["network"][name]) for name, value in states[0]["network"].items())
    assert states[1]["average"]["n_averaged"] == 7  # the start, and six updates
    assert Trainer(config, tmp_path / "cut").progress == 1.0


def test_the_weights_say_what_they_are_and_how_they_came_to_be(config, tmp_path):
    trainer = Trainer(replace(config, steps=2), tmp_path / "out")
    network, header = load_network(trainer.run(silent))
    assert header.robot == "panda"
    assert header.input_size == (64, 48)
    assert [point[0] for point in header.keypoints] == list(get_robot("panda").keypoint_frames)
    assert header.recipe["steps_done"] == 2
    assert header.recipe["data"] == ["frames"]  # the folder's name without its path
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
    settings = (out / "run.json").read_bytes()
    with pytest.raises(RunFolderError, match=r"out holds a pretrain run with batch=2, now 3; name another folder"):
        Trainer(replace(config, batch=3), out)
    assert (out / "run.json").read_bytes() == settings
    longer = Trainer(replace(config, steps=4), out)  # but it may take longer
    assert longer.progress == 0.25
    assert json.loads((out / "run.json").read_text())["settings"]["steps"] == 4


def test_a_loss_that_is_not_finite_leaves_the_last_checkpoint_intact(config, tmp_path, monkeypatch):
    """The fourth step diverges; the third one's checkpoint and weights survive, and training resumes from it."""
    out, loss = tmp_path / "out", module.supervised_loss

    def broken(output, batch):
        parts = loss(output, batch)
        if trainer.step == 3:
            parts["place"] = parts["place"] * float("nan")
            parts["loss"] = parts["loss"] + parts["place"]
        return parts

    trainer = Trainer(config, out)
    monkeypatch.setattr(module, "supervised_loss", broken)
    with pytest.raises(TrainingError, match="step 4: part place of the loss is nan"):
        trainer.run(silent)
    monkeypatch.setattr(module, "supervised_loss", loss)
    state = torch.load(out / "checkpoint.pt", weights_only=True)
    assert state["step"] == 3
    assert all(value.isfinite().all() for value in state["network"].values())
    assert load_weights(out / "weights.safetensors")[1].recipe["steps_done"] == 3
    resumed = load_weights(Trainer(config, out).run(silent))[0]
    whole = load_weights(Trainer(config, tmp_path / "whole").run(silent))[0]
    assert all(torch.equal(value, resumed[name]) for name, value in whole.items())


def test_statistics_that_are_not_finite_never_reach_the_checkpoint(config, tmp_path):
    """The loss does not see the running statistics of normalisations."""
    trainer = Trainer(config, tmp_path / "out")
    trainer.save()
    before = {file.name: file.read_bytes() for file in (tmp_path / "out").iterdir()}
    trainer.network.stem[0][1].running_var.fill_(float("inf"))
    with pytest.raises(TrainingError, match=r"network.stem.0.1.running_var not finite"):
        trainer.save()
    assert {file.name: file.read_bytes() for file in (tmp_path / "out").iterdir()} == before


RANK = """
import os, sys, time
import torch
from ctr_env.estimators.ctrnet import compact
from ctr_env.estimators.ctrnet.points import paper_keypoints
from ctr_env.learning.supervised import trainer as module

torch.set_num_threads(1)
compact._WIDTHS, module.spread_points = (8, 12, 16, 16), paper_keypoints
config = module.TrainingConfig(**eval(sys.argv[1]))
slow = 0.4 if os.environ["RANK"] == "1" else 0.0  # its clock runs ahead, by its own count it is done first


class Clock:
    def __getattr__(self, name):
        return getattr(time, name)

    def monotonic(self):
        self.calls = getattr(self, "calls", 0) + 1
        return time.monotonic() + slow * self.calls


module.time = Clock()
trainer = module.Trainer(config, module.Path(sys.argv[2]))
trainer.run(lambda *_: None)
weights = torch.cat([p.detach().flatten() for p in trainer.network.parameters()])
print(trainer.step, trainer.seconds, float(weights.double().sum()))
"""


def test_processes_stop_at_the_same_step(config, tmp_path):
    """Two CPU processes (gloo) whose clocks differ: the first one's decides, or the other would wait for ever."""
    settings = asdict(replace(config, steps=None, minutes=0.015, save_minutes=60.0))
    with socket.socket() as free:
        free.bind(("localhost", 0))
        port = free.getsockname()[1]
    shared = {"WORLD_SIZE": "2", "LOCAL_WORLD_SIZE": "2", "MASTER_ADDR": "localhost", "MASTER_PORT": str(port)}
    shared |= {"TORCHELASTIC_RUN_ID": "test", "GROUP_RANK": "0", "OMP_NUM_THREADS": "1"}
    arguments = [sys.executable, "-c", RANK, repr(settings), str(tmp_path / "out")]
    ranks = [
        subprocess.Popen(
            arguments, env={**os.environ, **shared, "RANK": str(rank), "LOCAL_RANK": str(rank)},
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )
        for rank in range(2)
    ]  # fmt: skip
    try:
        results = [rank.communicate(timeout=60) for rank in ranks]
    finally:
        for rank in ranks:
            rank.kill()
    assert [rank.returncode for rank in ranks] == [0, 0], results[0][1] + results[1][1]
    first, second = (out.split("\n")[-2] for out, _ in results)
    assert first == second  # steps, clock and weights
    assert load_weights(tmp_path / "out" / "weights.safetensors")[1].recipe["steps_done"] == int(first.split()[0])


def test_training_starts_from_other_weights(config, tmp_path):
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
        ({"robot": "ur6"}, ValueError, "ur6"),
        ({"architecture": "unet"}, ValueError, "valid names: compact, deeplab_resnet50"),
        ({"precision": "three"}, ValueError, "three"),
        ({"data": ("/nowhere",)}, FileNotFoundError, "no frames .* in /nowhere"),
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
    trainer = Trainer(config if data else replace(config, data=()), tmp_path / "out")
    assert trainer._start_method() == method


def test_weights_trained_for_a_robot_of_the_family_are_those_of_its_network(config, tmp_path):
    file = Trainer(replace(config, robot="fr3", data=(), steps=1, batch=1), tmp_path / "out").run(silent)
    assert load_network(file)[1].robot == "panda"
    CtRNetEstimator(RobotKinematics("fr3"), {"weights": str(file)})
