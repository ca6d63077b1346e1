"""The session's HTTP endpoints, with a simulated camera."""

import http.client
import json
import urllib.error
import urllib.request

import numpy as np
import pytest

from ctr_env.calibration.calibrate import calibrate
from ctr_env.calibration.interactive.server import Server
from ctr_env.calibration.report import calibration_data
from ctr_env.datasets.recording import load_recording
from ctr_env.errors import ConfigurationError
from ctr_env.estimators.ctrnet.estimator import CtRNetEstimator
from ctr_env.scenes.robots.kinematics import RobotKinematics

from .simulated_lab import CAMERA

PANDA = RobotKinematics("panda")


def test_images_are_taken_where_the_page_proposes_and_calibrated(serve, tmp_path):
    def solve():
        recording = load_recording(tmp_path / "images", tmp_path / "images" / "joints.csv", CAMERA, "panda")
        frames = {name: recording.read_unlabelled(name) for name in recording.names}
        found = calibrate(frames, CtRNetEstimator(PANDA, {"tracking": False}))
        (tmp_path / "calibration.html").write_text("<p>calibrated")
        return calibration_data(found, PANDA.robot, CAMERA) | {"advice": ["nothing"]}

    lab, client = serve(solve=solve)
    client.wait(lambda state: state["live"]["valid"])
    for count in range(1, 4):
        state = client.post("/take")
        assert len(state["images"]) == count and state["message"] == ""
        lab.move(state["proposal"]["joints"])
    assert client.get("/live.jpg")[:2] == client.get("/proposal.jpg")[:2] == b"\xff\xd8"
    client.post("/another")
    with pytest.raises(urllib.error.HTTPError, match="404"):
        client.get("/calibration.html")
    client.post("/calibrate")
    result = client.wait(lambda state: state["result"])["result"]
    truth = lab.scene.camera_T_base.inv().translation
    assert np.linalg.norm(np.array(result["camera_in_base_mm"]) - 1e3 * truth) < 15.0
    assert result["images"] == 3 and result["advice"] == ["nothing"]
    assert client.get("/calibration.html") == b"<p>calibrated"
    assert b"Take images for a calibration" in client.get("/")
    assert len(client.post("/undo")["images"]) == 2


def test_mistakes_are_said_and_change_nothing(serve):
    _, client = serve(log=False)
    status, error = client.post("/take")
    assert status == 409 and error == client.state()["message"] == (
        "the joint angles of the robot are needed: type them, in radians"
    )
    assert client.post("/take", {"joints": "0 -30 0 -130 0 100 45"})[1].endswith("angles are expected in radians")
    assert client.post("/undo") == (409, "there is no image to delete")
    assert client.post("/joints", {"joints": ", ".join(map(str, PANDA.home))})["message"] == ""
    assert client.wait(lambda state: state["live"]["valid"])["images"] == []
    client.post("/calibrate")
    assert "needs at least 2" in client.wait(lambda state: state["message"])["message"]
    assert client.post("/open") == (404, "no such command")


def test_other_sites_and_computers_are_kept_out(serve):
    _, client = serve()
    port = client.url.rpartition(":")[2]
    assert json.loads(client.get("/state", Host=f"localhost:{port}"))
    for path in ("/", "/state", "/live.jpg"):
        with pytest.raises(urllib.error.HTTPError, match="403"):  # another name that leads here
            client.get(path, Host=f"evil.example:{port}")
    assert client.post("/take", Origin="http://evil.example")[0] == 403
    assert client.post("/take", **{"Content-Type": "text/plain"})[0] == 403
    assert client.state()["images"] == []
    assert len(client.post("/take", Origin=client.url)["images"]) == 1


@pytest.mark.parametrize(
    "headers, body, status",
    [
        ({"Host": "["}, b"{}", 403),
        ({"Origin": "http://["}, b"{}", 403),
        ({}, b"\xff\xfe", 400),
        ({}, b"[" * 10_000, 400),
        ({"Content-Length": "\xb2"}, b"", 413),
        ({"Content-Length": "-1"}, b"", 413),
    ],
)
def test_malformed_requests_are_turned_down(serve, capfd, headers, body, status):
    _, client = serve(log=False)
    connection = http.client.HTTPConnection(client.url.partition("//")[2], timeout=60)
    connection.request("POST", "/undo", body, {"Content-Type": "application/json", **headers})
    assert connection.getresponse().status == status
    connection.close()
    assert "Traceback" not in capfd.readouterr().err and client.state()["images"] == []


def test_other_sites_cannot_frame_the_page(serve):
    _, client = serve(log=False)
    with urllib.request.urlopen(client.url, timeout=60) as answer:
        assert answer.headers["X-Frame-Options"] == "DENY"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_a_port_that_is_taken_is_named(serve):
    _, client = serve()
    port = int(client.url.rpartition(":")[2])
    with pytest.raises(ConfigurationError, match=f"port {port} of 127.0.0.1 cannot be used .*--port"):
        Server(None, port)
    with pytest.raises(ConfigurationError, match="port 70000"):
        Server(None, 70000)
