import json

import numpy as np
import pytest

from ctr_env.cli import main
from ctr_env.datasets.synthetic.generate import GenerateConfig, generate
from ctr_env.estimators.ctrnet.weights import load_weights

SHORT = ["--steps", "2", "--batch", "2", "--rounds", "1", "--replay-share", "0"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Frames of one fixed camera, with all labels."""
    folder = tmp_path_factory.mktemp("frames")
    config = GenerateConfig(width=320, height=240, randomization="mild", split="validation", fixed_camera=2)
    list(generate(config, folder, 3, 1))
    return folder


def unlabelled(folder, to):
    """A copy in which the labels are removed or wrong, but for joint angles and camera."""
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
    bare = unlabelled(folder, tmp_path / "bare")
    for name, data in (("with", folder), ("without", bare)):
        assert main(["adapt", "--data", str(data), "--out", str(tmp_path / name), *SHORT]) == 0
    shown = capsys.readouterr().out
    assert "2 steps" in shown and "overlays.png" in shown
    (a, _), (b, _) = (load_weights(tmp_path / name / "weights.safetensors") for name in ("with", "without"))
    assert a.keys() == b.keys()
    assert all(np.array_equal(a[name].numpy(), b[name].numpy()) for name in a)
    reports = [json.loads((tmp_path / name / "adapt.json").read_text()) for name in ("with", "without")]
    assert reports[0]["rounds"] == reports[1]["rounds"]
    assert reports[0]["schema"] == "ctr_env/adapt@1"
    assert reports[0]["summary"]["steps"] == 2
    for name in ("overlays.png", "curves.png"):
        assert (tmp_path / "with" / name).stat().st_size > 10_000


def test_what_is_wrong_is_said_before_anything_is_done(folder, tmp_path, capsys):
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
