import pytest

from ctr_env.cli import main


@pytest.fixture
def video(tmp_path):
    file = tmp_path / "episode.mp4"
    file.write_bytes(b"video")
    return file


def test_without_a_display_the_path_is_printed(video, monkeypatch, capsys):
    monkeypatch.setattr("ctr_env.cli.opening.has_display", lambda: False)
    assert main(["view", str(video)]) == 0
    assert f"no display; the file is    {video}" in capsys.readouterr().out


def test_a_video_is_opened_in_the_browser(video, monkeypatch, capsys):
    opened = []
    monkeypatch.setattr("ctr_env.cli.opening.has_display", lambda: True)
    monkeypatch.setattr("webbrowser.open", lambda uri: opened.append(uri) or True)
    assert main(["view", str(video)]) == 0
    assert opened == [video.as_uri()] and "opened" in capsys.readouterr().out


def test_other_files_are_rejected(tmp_path, capsys):
    (tmp_path / "a.txt").write_text("")
    assert main(["view", str(tmp_path / "a.txt")]) == 1
    assert "files that end in .mp4, .rrd, .html, not 'a.txt'" in capsys.readouterr().err
    assert main(["view", str(tmp_path / "missing.mp4")]) == 1
    assert "no such file or folder" in capsys.readouterr().err
