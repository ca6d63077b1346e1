import re

import pytest

from ctr_env.cli import main


def test_frames_are_rendered_once(tmp_path, capsys):
    arguments = ["generate", "--frames", "1", "--out", str(tmp_path), "--board-share", "0", "--workers", "1"]
    size = ["--width", "64", "--height", "48"]
    assert main([*arguments, *size]) == 0
    assert f"1 frames    {tmp_path}" in capsys.readouterr().out
    assert {file.name for file in tmp_path.iterdir()} == {
        "000000.json", "000000.rgb.jpg", "000000.mask.png", "_camera_settings.json", "_object_settings.json",
        "run.json",
    }  # fmt: skip
    frames = sorted(tmp_path.glob("0*"))
    times = [file.stat().st_mtime_ns for file in frames]
    assert main([*arguments, *size]) == 0
    assert times == [file.stat().st_mtime_ns for file in frames]
    capsys.readouterr()
    assert main([*arguments, *size, "--width", "128"]) == 1
    assert "holds a generate run with width=64, now 128" in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments, message",
    [
        (["--frames", "0"], "--frames must be at least 1, not 0"),
        (["--workers", "0"], "--workers must be at least 1, not 0"),
        (["--robot", "ur6"], "valid.*: .*panda"),
        (["--split", "dev"], "valid names: train, validation, test"),
        (["--seed", "-1"], "the seed of a data set"),
        (["--board-share", "2"], "board_share must lie in"),
        (["--randomization", "nowhere.yaml"], "no such file: nowhere.yaml"),
        (["--randomization", "mild", "--clean"], "not both"),
        (["--backgrounds", "/nowhere"], "in the background folder /nowhere"),
    ],
)
def test_mistakes_end_with_one_line_and_no_files(arguments, message, tmp_path, capsys):
    out = tmp_path / "out"
    assert main(["generate", "--frames", "2", "--out", str(out), *arguments]) == 1
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert re.search(message, error), error
    assert not out.exists()
