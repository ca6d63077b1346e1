import imageio.v3 as iio

from ctr_env.cli import main

SMALL = ["--frames", "2", "--width", "64", "--height", "48"]


def test_preview_writes_a_sheet(tmp_path, capsys):
    assert main(["preview", *SMALL, "--out", str(tmp_path)]) == 0
    height, width, _ = iio.imread(tmp_path / "preview.png").shape
    assert height == 48 + 24 and 2 * 64 <= width < 3 * 64
    assert str(tmp_path / "preview.png") in capsys.readouterr().out


def test_the_default_folder_is_named_by_the_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(["preview", *SMALL, "--randomization", "mild"]) == 0
    (folder,) = (tmp_path / "runs" / "preview").iterdir()
    assert folder.name.startswith("panda-mild-") and (folder / "preview.png").is_file()
