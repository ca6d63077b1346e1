import json
import os
import shutil
import signal
from pathlib import Path

import numpy as np
import pytest

from ctr_env.datasets.dream_reader import DreamFolder
from ctr_env.datasets.dream_writer import write_frame
from ctr_env.datasets.synthetic.generate import GenerateConfig, generate
from ctr_env.errors import RunFolderError
from ctr_env.runs.seeds import frame_seed
from ctr_env.scenes.robots.kinematics import RobotKinematics

CONFIG = GenerateConfig(split="validation", seed=3, width=64, height=48)


def contents(folder):
    return {file.name: file.read_bytes() for file in sorted(folder.iterdir())}


def write_in_this_process(folder, count):
    folder.mkdir()
    sampler = CONFIG.sampler()
    for index in range(count):
        seed = frame_seed(CONFIG.split, CONFIG.seed, index)
        frame = sampler.sample(seed, f"{index:06d}")
        write_frame(folder, sampler.robot, frame, {"ctr_env": {"split": CONFIG.split, "seed": seed}})
    sampler.close()


def test_a_resumed_parallel_generation_writes_the_bytes_of_a_sequential_one(tmp_path):
    reference, tmp_path = tmp_path / "reference", tmp_path / "resumed"
    write_in_this_process(reference, 6)
    shutil.copytree(reference, tmp_path)
    for name in ("000000.json", "000000.mask.png", "000002.json", "000004.json", "000004.rgb.jpg"):
        (tmp_path / name).unlink()
    assert list(generate(CONFIG, tmp_path, 6, workers=2)) == [3, 4, 5, 6]
    written = contents(tmp_path)
    assert len(written) == 3 * 6 + 3
    assert {name: written[name] for name in contents(reference)} == contents(reference)
    assert list(generate(CONFIG, tmp_path, 6, workers=1)) == [6]

    frames = DreamFolder(tmp_path, RobotKinematics("panda"))
    assert frames.names == [f"{i:06d}" for i in range(6)]
    assert len({frames.read(name).image.tobytes() for name in frames.names}) == 6
    labels = json.loads((tmp_path / "000004.json").read_text())
    assert labels["ctr_env"] == {"split": "validation", "seed": frame_seed("validation", 3, 4)}
    first = frames.read("000000")
    settings = json.loads((tmp_path / "_camera_settings.json").read_text())["camera_settings"][0]
    assert settings["intrinsic_settings"]["fx"] == first.camera.fx
    assert np.isfinite(first.keypoints).all()


def workers():
    """Ids of the worker processes of this one."""
    children = Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children").read_text().split()
    return [int(pid) for pid in children if "popen_loky" in Path(f"/proc/{pid}/cmdline").read_text()]


@pytest.mark.slow
def test_a_killed_worker_costs_no_frame(tmp_path):
    """A worker that is killed, for lack of memory say, never returns: another one takes its frame."""
    drawing = generate(CONFIG, tmp_path, 30, workers=2)
    assert [next(drawing), next(drawing)] == [0, 1]
    killed = workers()
    assert killed
    for pid in killed:
        os.kill(pid, signal.SIGKILL)
    assert list(drawing) == list(range(2, 31))
    assert DreamFolder(tmp_path, RobotKinematics("panda")).names == [f"{i:06d}" for i in range(30)]


def test_other_settings_are_rejected(tmp_path):
    assert list(generate(CONFIG, tmp_path, 0, workers=1)) == [0]
    other = GenerateConfig(split="validation", seed=3, width=64, height=48, board_share=0.5)
    written = (tmp_path / "run.json").read_bytes()
    with pytest.raises(RunFolderError, match=r"holds a generate run with board_share=0\.0, now 0\.5"):
        next(generate(other, tmp_path, 0, workers=1))
    assert (tmp_path / "run.json").read_bytes() == written


@pytest.mark.parametrize(
    "values, frames, error, message",
    [
        ({"split": "dev"}, 1, ValueError, "valid names: train, validation, test"),
        ({"robot": "ur6"}, 1, ValueError, "ur6"),
        ({"backgrounds": "/nowhere"}, 1, FileNotFoundError, "background folder /nowhere"),
        ({}, 10**7 + 1, ValueError, "the number of a frame"),
    ],
)
def test_bad_values_leave_nothing_behind(values, frames, error, message, tmp_path):
    with pytest.raises(error, match=message):
        next(generate(GenerateConfig(**values), tmp_path / "out", frames, workers=1))
    assert not (tmp_path / "out").exists()
