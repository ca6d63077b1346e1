"""A robot and a camera in simulation, in place of a laboratory."""

import json
import threading
import time
import urllib.error
import urllib.request

import numpy as np

from ctr_env.geometry import PinholeCamera, look_at
from ctr_env.scenes.rendering.registry import make_renderer
from ctr_env.scenes.world.config import SceneConfig
from ctr_env.scenes.world.scene import Scene

CAMERA = PinholeCamera.from_fov(1.0, 320, 240, (0.52, 0.47))


class SimulatedLab:
    """A scene that renders a live camera's images, and a program that logs the joint angles to a file.

    Images are rendered by the thread that asks for them; the robot is moved from any. Used as a context manager, the
    lab logs continuously.
    """

    def __init__(self, robot="panda", log=None, camera=CAMERA):
        self.scene = Scene(SceneConfig(robot, camera.width, camera.height))
        k = self.scene.kinematics
        middle = self.scene.world_T_base.apply(k.keypoints(k.home).mean(axis=0))
        azimuth = k.robot.camera_azimuth + 0.4
        eye = middle + 1.35 * np.array([np.cos(azimuth), np.sin(azimuth), 0.35])
        self.scene.place_camera(camera, look_at(eye, middle))
        self.log, self._renderer = log, None
        self._writing, self._ended = threading.Lock(), threading.Event()
        if log is not None:
            log.write_text(",".join(k.robot.arm_joints) + "\n")
        self.move(k.home)

    def move(self, joints):
        """Bring the robot to ``(n,)`` joint positions, rad."""
        self._joints = np.array(joints, float)
        self._log_row()

    def _log_row(self):
        if self.log is not None:
            with self._writing, self.log.open("a") as stream:
                stream.write(",".join(map(repr, self._joints.tolist())) + "\n")

    def _log_continuously(self):
        while not self._ended.wait(0.02):
            self._log_row()

    def end_log(self):
        """End the program that logs."""
        self._ended.set()
        self._program.join()

    def newest(self):
        """The live image, as of a camera."""
        camera = self.scene.camera
        if self._renderer is None:
            self._renderer = make_renderer(
                "classic", self.scene.model, self.scene.camera_id, camera.width, camera.height
            )
        self.scene.place_arm(self._joints)
        return self._renderer.rgb(self.scene.data)

    def __enter__(self):
        self._ended.clear()
        self._program = threading.Thread(target=self._log_continuously, daemon=True)
        self._program.start()
        return self

    def __exit__(self, *_):
        self.end_log()
        if self._renderer is not None:
            self._renderer.close()


class Client:
    """What a browser asks a server for."""

    def __init__(self, url):
        self.url = url.rstrip("/")

    def get(self, path, **headers):
        request = urllib.request.Request(self.url + path, headers=headers)
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.read()

    def state(self):
        return json.loads(self.get("/state"))

    def wait(self, condition):
        """The first state that fulfils a condition."""
        for _ in range(1200):
            state = self.state()
            if condition(state):
                return state
            time.sleep(0.05)
        raise TimeoutError(json.dumps(state)[:2000])

    def post(self, path, body=None, **headers):
        """The state after a command, or the status and the error of one that is turned down."""
        headers = {"Content-Type": "application/json", **headers}
        data = json.dumps(body or {}).encode()
        request = urllib.request.Request(self.url + path, data, headers, method="POST")
        try:
            with urllib.request.urlopen(request, timeout=120) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            text = error.read().decode()
            return error.code, json.loads(text)["error"] if text.startswith("{") else text
