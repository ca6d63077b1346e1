from pathlib import Path

import pytest

from ctr_env.runs.naming import content_hashes, default_folder, file_hashes, settings_digest


def test_the_name_has_readable_parts_and_a_digest():
    folder = default_folder("servo", ["panda", "ctrnet", "/data/my set.tar", ""], {"seed": 1})
    assert folder == Path("runs") / "servo" / f"panda-ctrnet-my_set-{settings_digest({'seed': 1})}"


def test_the_digest_depends_on_values_and_not_on_their_order():
    assert len(settings_digest({"seed": 1})) == 6
    assert settings_digest({"a": 1, "b": {"c": 2}}) == settings_digest({"b": {"c": 2}, "a": 1})
    assert settings_digest({"seed": 1}) != settings_digest({"seed": 2})


@pytest.mark.parametrize("settings", [lambda file: {"weights": file}, lambda file: {"config": {"files": [str(file)]}}])
def test_a_file_counts_with_its_content(settings, tmp_path):
    file = tmp_path / "net.safetensors"
    file.write_bytes(b"one")
    before = settings_digest(settings(file))
    assert settings_digest(settings(file)) == before
    file.write_bytes(b"two")
    assert settings_digest(settings(file)) != before


def test_contents_are_those_of_files_and_of_modules(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "my_contents.py").write_text("make = dict\n")
    (tmp_path / "my.yml").write_text("a: 1\n")
    settings = {"estimator": "my_contents:make", "config": {"files": [str(tmp_path / "my.yml"), "none.yml"], "n": 1}}
    found = content_hashes(settings)
    assert set(found) == {"my_contents:make", str(tmp_path / "my.yml")}
    assert file_hashes(settings).items() <= found.items()
    (tmp_path / "my_contents.py").write_text("make = list\n")
    assert content_hashes(settings) != found
