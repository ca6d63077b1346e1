import re
import subprocess
import sys
import warnings

import pytest

import ctr_env
from ctr_env.cli import doctor, main
from ctr_env.cli.main import COMMANDS
from ctr_env.errors import DataWarning, RenderError


def fail_with(error):
    def run(self):
        raise error

    return run


def test_help_lists_the_commands(capsys):
    assert main(["--help"]) == 0
    shown = capsys.readouterr().out
    assert all(f"  {command} " in shown for command in COMMANDS)


def test_the_version_is_printed(capsys):
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"ctr-env {ctr_env.__version__}\n"


@pytest.mark.parametrize("words, message", [(["serve"], "unknown command 'serve'"), ([], "a command is needed")])
def test_unknown_commands_are_named_with_the_valid_ones(words, message, capsys):
    assert main(words) == 2
    error = capsys.readouterr().err
    assert message in error and "valid names: servo, study, evaluate" in error


IMAGES = "--images --joints --camera --rectified --joint-names --units --pixel-centres"
KEY_OPTIONS = {
    "study": "--engine --workers --address --slurm --dry-run --retry-crashed --out",
    "report": "--out --baseline --media-mb --no-files",
    "view": "--seed --cell --rerun",
    "servo": "--robot --task --estimator --estimator.dropout --controller.endpoint --weights --device --randomization"
    " --episodes --seed --video --workers --out --json",
    "evaluate": f"--robot --data {IMAGES} --pose --estimator --weights --device --frames --seed --out --json",
    "demo": "--robot --weights --device --episodes --seed --out --json",
    "preview": "--robot --randomization --renderer --frames --seed --out",
    "generate": "--robot --frames --split --seed --randomization --clean --board-share --renderer --out",
    "pretrain": "--robot --architecture --data --steps --minutes --seed --device --out --json",
    "adapt": f"--robot --data {IMAGES} --weights --steps --minutes --seed --device --out --json",
    "calibrate": f"--robot --data {IMAGES} --weights --device --adapt --refine --out --json",
    "train-rl": "--env --algo --hyperparameters --steps --seed --envs --difficulty --estimator --estimator.dropout"
    " --weights --obs-mode --action-mode --randomization --episodes --video --device --out --json",
    "fit-uncertainty": "--robot --weights --frames --seed --device --out --json",
    "fit-error-model": "--robot --weights --randomization --episodes --seed --workers --out --json",
    "export-onnx": "--robot --weights --out",
    "convert-weights": "--robot --out",
    "doctor": "",
}


@pytest.mark.parametrize("command", COMMANDS)
def test_the_help_of_a_command_has_its_options(command, capsys):
    nested = ["--estimator", "noisy"] if command in ("servo", "train-rl") else []
    with pytest.raises(SystemExit) as end:
        main([command, *nested, "--help"])
    assert end.value.code == 0
    shown = set(re.findall(r"--[a-z.-]+", capsys.readouterr().out))
    assert {*KEY_OPTIONS[command].split(), "--config", "--debug"} <= shown


def test_errors_of_the_package_are_one_line(monkeypatch, capsys):
    monkeypatch.setattr(doctor.Doctor, "run", fail_with(RenderError("no image:\ninstall EGL")))
    assert main(["doctor"]) == 1
    assert capsys.readouterr().err == "ctr-env doctor: no image: install EGL\n"


def test_debug_shows_the_traceback(monkeypatch, tmp_path):
    monkeypatch.setattr(doctor.Doctor, "run", fail_with(RenderError("no image")))
    (tmp_path / "options.yaml").write_text("debug: true")
    for words in (["--debug"], ["--config", str(tmp_path / "options.yaml")]):
        with pytest.raises(RenderError, match="no image"):
            main(["doctor", *words])


@pytest.mark.parametrize("error", [ValueError("broadcast"), RuntimeError("CUDA"), FileNotFoundError("x")])
def test_other_errors_keep_their_traceback(error, monkeypatch):
    monkeypatch.setattr(doctor.Doctor, "run", fail_with(error))
    with pytest.raises(type(error)):
        main(["doctor"])


@pytest.mark.parametrize("resumable, message", [(True, "resumes"), (False, "starts from the beginning")])
def test_an_interruption_says_whether_the_command_resumes(resumable, message, monkeypatch, capsys):
    monkeypatch.setattr(doctor.Doctor, "run", fail_with(KeyboardInterrupt()))
    monkeypatch.setattr(doctor.Doctor, "resumable", resumable)
    assert main(["doctor"]) == 130
    assert message in capsys.readouterr().err


def test_warnings_about_data_are_one_line_and_others_name_their_origin(monkeypatch, capsys):
    def warn(self):
        warnings.warn("joints.csv: the values look like degrees", DataWarning, stacklevel=1)
        warnings.warn("old", UserWarning, stacklevel=1)
        return 0

    before = warnings.showwarning
    monkeypatch.setattr(doctor.Doctor, "run", warn)
    assert main(["doctor"]) == 0
    first, second, *_ = capsys.readouterr().err.splitlines()
    assert first == "ctr-env: warning: joints.csv: the values look like degrees"
    assert second.endswith("UserWarning: old") and "test_main.py" in second
    assert warnings.showwarning is before


def test_help_loads_neither_torch_nor_mujoco():
    code = (
        "import sys; from ctr_env.cli import main; main(['--help']);"
        "heavy = {'torch', 'OpenGL', 'mujoco', 'cv2', 'matplotlib', 'tyro'} & set(sys.modules); assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-P", "-c", code], check=True, stdout=subprocess.DEVNULL)
