"""``ctr-env calibrate --interactive`` with a simulated camera."""

import dataclasses
import json
import threading
from unittest.mock import Mock

import numpy as np
import pytest

from ctr_env.calibration.interactive.image_store import ImageStore
from ctr_env.calibration.interactive.loop import SessionLoop
from ctr_env.cli import main
from ctr_env.cli.calibrate import Calibrate
from ctr_env.errors import DataError

from ..calibration.interactive.simulated_lab import CAMERA, Client, SimulatedLab


@pytest.fixture
def camera_file(tmp_path):
    file = tmp_path / "camera.json"
    K = CAMERA.opencv_matrix
    content = {"width": CAMERA.width, "height": CAMERA.height, "K": K.ravel().tolist(), "D": []}
    file.write_text(json.dumps(content | {"distortion_model": "plumb_bob"}))
    return file


@pytest.fixture
def lab(tmp_path, monkeypatch):
    lab = SimulatedLab(log=tmp_path / "log.csv")
    monkeypatch.setattr("ctr_env.cli.interactive.LiveCamera", lambda number, camera: lab)
    monkeypatch.setattr("ctr_env.cli.interactive.has_display", lambda: False)
    return lab


def steer(monkeypatch, session):
    """Runs a client's session in a thread beside the command, and Ctrl+C when it is over; what it raised is kept."""
    raised, run = [], SessionLoop.run

    def steered(loop):
        def client():
            try:
                session(Client(loop.server.url))
            except BaseException as error:
                raised.append(error)
            loop.end()

        threading.Thread(target=client, daemon=True).start()
        run(loop)
        raise KeyboardInterrupt

    monkeypatch.setattr(SessionLoop, "run", steered)
    return raised


def test_a_session_leaves_a_calibration_and_a_recording_that_gives_it_again(
    lab, camera_file, tmp_path, monkeypatch, capsys
):
    def session(client):
        client.wait(lambda state: state.get("live", {}).get("valid"))
        for _ in range(4):
            lab.move(client.post("/take")["proposal"]["joints"])
        client.post("/calibrate")
        assert client.wait(lambda state: state["result"])["result"]["images"] == 4
        assert b"Camera calibration" in client.get("/calibration.html")

    raised = steer(monkeypatch, session)
    out = tmp_path / "out"
    words = ["--images", "0", "--joints", str(lab.log), "--camera", str(camera_file), "--adapt", "no"]
    assert main(["calibrate", *words, "--interactive", "--port", "0", "--out", str(out)]) == 0
    assert raised == []
    shown = capsys.readouterr().out
    assert "page    http://127.0.0.1:" in shown and "4 images" in shown
    data = json.loads((out / "calibration.json").read_text())
    pose = np.array(data["camera_T_base"])
    assert np.linalg.norm(pose[:3, 3] - lab.scene.camera_T_base.translation) < 0.015
    again = ["--images", str(out / "images"), "--joints", str(out / "images" / "joints.csv")]
    assert f"{' '.join(again)}, without --interactive\n" in shown
    words = [*again, "--camera", str(camera_file), "--adapt", "no", "--out", str(tmp_path / "again")]
    assert main(["calibrate", *words]) == 0
    repeated = json.loads((tmp_path / "again" / "calibration.json").read_text())
    np.testing.assert_allclose(repeated["camera_T_base"], pose, atol=1e-9)


def test_where_the_images_are_is_said_however_a_session_ends(lab, camera_file, tmp_path, monkeypatch, capsys):
    store = ImageStore(tmp_path / "out" / "images", lab.scene.kinematics.robot, {"camera": dataclasses.asdict(CAMERA)})
    store.add(np.zeros((CAMERA.height, CAMERA.width, 3), np.uint8), lab.scene.kinematics.home)
    words = ["--images", "0", "--joints", str(lab.log), "--joint-names", "fr3_=panda_", "--camera", str(camera_file)]
    words = ["calibrate", *words, "--interactive", "--port", "0", "--out", str(tmp_path / "out")]
    for error, status in ((KeyboardInterrupt, 0), (DataError("camera 0 gives no image"), 1)):
        monkeypatch.setattr("ctr_env.cli.interactive.Session", Mock(side_effect=error))
        assert main(words) == status
        shown = capsys.readouterr()
        assert "1 images" in shown.out and "without --interactive and --joint-names\n" in shown.out
        assert ("gives no image" in shown.err) == bool(status)


def test_options_that_do_not_go_together_are_named(camera_file, tmp_path, capsys):
    where, out = ["--camera", str(camera_file), "--interactive"], ["--out", str(tmp_path / "out")]
    for words, message in [
        (["--images", str(tmp_path), *where], "takes images with a camera: --images NUMBER, such as 0, not "),
        (["--data", str(tmp_path), "--images", "0", *where], "give --images NUMBER, not --data"),
        (["--images", "0", "--interactive"], "--interactive needs --camera"),
        (["--images", "0", *where, "--joint-names", "fr3_=panda_"], "--joint-names belong to --joints"),
        (["--images", "0", *where, "--units", "cm"], "--units and --pixel-centres belong to --data"),
        (["--images", "0", *where, "--pixel-centres", "half"], "--units and --pixel-centres belong to --data"),
        (["--data", str(tmp_path), "--port", "8361"], "--port belongs to --interactive"),
    ]:
        assert main(["calibrate", *words, *out]) == 1
        assert message in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_the_default_folder_stays_the_same_while_the_log_grows(tmp_path):
    log = tmp_path / "log.csv"
    log.write_text("a\n")
    options = {"images": "0", "joints": log, "interactive": True}
    before = Calibrate(**options).folder
    log.write_text("a\nb\n")
    assert Calibrate(**options).folder == Calibrate(**options, port=1).folder == before
