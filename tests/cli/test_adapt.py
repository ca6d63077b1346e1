import json

import numpy as np
import pytest

from ctr_env.cli import main
from ctr_env.datasets.folders import open_folder
from ctr_env.datasets.unlabelled import read_images
from ctr_env.estimators.ctrnet.weights import read_header
from ctr_env.scenes.robots.kinematics import RobotKinematics

SHORT = ["--steps", "1", "--batch", "2", "--rounds", "1", "--replay-share", "0"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory, write_frames):
    """Frames of one fixed camera, with all labels."""
    return write_frames(tmp_path_factory.mktemp("frames"), 2, "mild", fixed_camera=2)


def unlabelled(folder, to):
    """A copy with joint angles and cameras, in which all labels are removed or invalid."""
    to.mkdir()
    for file in folder.iterdir():
        if file.name.endswith((".rgb.jpg", "_settings.json")):
            (to / file.name).write_bytes(file.read_bytes())
        if file.name[0].isdigit() and file.suffix == ".json":
            data = json.loads(file.read_text())
            kept = {"camera_data": {"intrinsics": data["camera_data"]["intrinsics"]}, "sim_state": data["sim_state"]}
            (to / file.name).write_text(json.dumps(kept))
    (to / "000001.mask.png").write_bytes(b"no image at all")
    return to


def test_no_label_is_read(folder, tmp_path, capsys):
    bare, out, copy = unlabelled(folder, tmp_path / "bare"), tmp_path / "out", tmp_path / "copy.json"
    given, without = (read_images(open_folder(each, RobotKinematics("panda"))) for each in (folder, bare))
    assert given.cameras == without.cameras and list(given.frames) == list(without.frames)
    for name, frame in given.frames.items():
        assert np.array_equal(frame.image, without.frames[name].image)
        assert np.array_equal(frame.joint_positions, without.frames[name].joint_positions)
    assert main(["adapt", "--data", str(bare), "--out", str(out), "--json", str(copy), *SHORT]) == 0
    shown = capsys.readouterr().out
    assert "1 steps" in shown and "overlays.png" in shown
    assert read_header(out / "weights.safetensors").recipe["steps_done"] == 1
    report = json.loads((out / "adapt.json").read_text())
    assert report == json.loads(copy.read_text())
    assert report["schema"] == "ctr_env/adapt@1"
    assert report["summary"]["steps"] == 1
    assert report["uncertainty"] == "inherited"
    assert report["conventions"][0]["units"] == "m"
    for name in ("overlays.png", "curves.png"):
        assert (out / name).stat().st_size > 10_000


def test_mistakes_end_with_one_line_and_no_files(folder, tmp_path, capsys):
    out = ["--out", str(tmp_path / "x")]
    for arguments, message in (
        (["--images", str(folder)], "--images needs --joints"),
        (["--data", str(folder), "--joints", "q.csv"], "belong to --images"),
        (["--data", str(tmp_path / "none")], "no frames"),
        ([], "images are needed"),
        (["--images", str(folder), "--data", str(folder)], "not both"),
        (["--data", str(folder), "--steps", "0"], "steps must"),
        (["--robot", "baxter", "--data", str(folder)], "no position of left_s0"),
    ):
        assert main(["adapt", *arguments, *out]) == 1
        assert message in capsys.readouterr().err
    assert not (tmp_path / "x").exists()
