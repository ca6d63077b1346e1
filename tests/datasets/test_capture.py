"""Taking one image for each row of a table with a camera of this computer."""

import cv2
import numpy as np
import pytest

from ctr_env.datasets.capture import capture
from ctr_env.datasets.recording import Recording
from ctr_env.errors import RunFolderError, UsageError
from ctr_env.geometry import PinholeCamera
from ctr_env.scenes.robots.catalogue import get_robot
from ctr_env.scenes.robots.kinematics import RobotKinematics

PANDA = get_robot("panda")
CAMERA = PinholeCamera.from_fov(1.0, 8, 6)
KINEMATICS = RobotKinematics(PANDA)


class Camera:
    """A driver that buffers four old images; what it sees changes when the robot moves."""

    scene = 0

    def __init__(self, index):
        self.index, self.kept, self.released, self.asked = index, [], False, {}
        Camera.last = self

    def isOpened(self):
        return self.index == 2

    def set(self, what, value):
        self.asked[what] = value

    def grab(self):
        while len(self.kept) < 4:
            self.kept.append(255)
        self.kept.pop(0)
        self.kept.append(Camera.scene)
        return True

    def read(self):
        self.grab()
        return True, np.full((6, 8, 3), (0, 0, self.kept[0]), np.uint8)  # blue, green, red

    def release(self):
        self.released = True


@pytest.fixture
def table(tmp_path, monkeypatch):
    monkeypatch.setattr(cv2, "VideoCapture", Camera)
    file = tmp_path / "joints.csv"
    rows = [PANDA.home, np.array(PANDA.home) + 0.1, np.array(PANDA.home) - 0.1]
    lines = [",".join(PANDA.arm_joints), *(",".join(str(q) for q in row) for row in rows)]
    file.write_text("\n".join(lines))
    return file


def test_every_row_gets_an_image_taken_after_the_robot_came_to_rest(table, tmp_path):
    said = []

    def move(text):
        said.append(text)
        Camera.scene = 10 * len(said)

    folder = capture(2, table, CAMERA, KINEMATICS, tmp_path / "images", move)
    assert [text.split(":")[0] for text in said] == ["image 1 of 3", "image 2 of 3", "image 3 of 3"]
    assert "-2." in said[0]  # the joint angles to move to
    assert Camera.last.released
    assert Camera.last.asked == {cv2.CAP_PROP_FRAME_WIDTH: 8, cv2.CAP_PROP_FRAME_HEIGHT: 6}
    recording = Recording(folder, table, CAMERA, KINEMATICS)
    frames = [recording.read_unlabelled(name) for name in recording.names]
    assert [frame.image[0, 0].tolist() for frame in frames] == [[10, 0, 0], [20, 0, 0], [30, 0, 0]]
    np.testing.assert_allclose(frames[1].joint_positions, np.array(PANDA.home) + 0.1)


def test_an_interrupted_capture_resumes(table, tmp_path):
    def stop(text):
        Camera.scene = 50
        if text.startswith("image 2"):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        capture(2, table, CAMERA, KINEMATICS, tmp_path / "images", stop)
    assert Camera.last.released
    said = []
    capture(2, table, CAMERA, KINEMATICS, tmp_path / "images", said.append)
    assert [text.partition(" of")[0] for text in said] == ["image 2", "image 3"]


def test_errors_name_their_cause_and_leave_no_images(table, tmp_path):
    with pytest.raises(ValueError, match="camera 7 does not open"):
        capture(7, table, CAMERA, KINEMATICS, tmp_path / "images", print)
    named = tmp_path / "named.csv"
    lines = table.read_text().splitlines()
    named.write_text("\n".join([f"image,{lines[0]}", *(f"a.png,{line}" for line in lines[1:])]))
    with pytest.raises(ValueError, match="name images"):
        capture(2, named, CAMERA, KINEMATICS, tmp_path / "images", print)
    broken = tmp_path / "broken.csv"
    broken.write_text("\n".join([lines[0], *("x" + line for line in lines[1:])]))
    with pytest.raises(ValueError, match="line 2 is 'x.*not a finite number"):
        capture(2, broken, CAMERA, KINEMATICS, tmp_path / "images", print)
    degrees = tmp_path / "degrees.csv"
    degrees.write_text("\n".join([lines[0], lines[1], ",".join(["0", "-45", "0", "-135", "0", "90", "45"])]))
    with pytest.raises(ValueError, match=r"degrees.csv, row 2: panda_joint2 is at -45 rad.* expected in radians"):
        capture(2, degrees, CAMERA, KINEMATICS, tmp_path / "images", print)
    degrees.write_text(lines[0])
    with pytest.raises(ValueError, match="no rows"):
        capture(2, degrees, CAMERA, KINEMATICS, tmp_path / "images", print)
    with pytest.raises(ValueError, match="8x6 pixels, its camera 64x36"):
        capture(2, table, PinholeCamera.from_fov(1.0, 64, 36), KINEMATICS, tmp_path / "images", print)

    def absent(text):
        raise EOFError

    with pytest.raises(UsageError, match="no keyboard"):
        capture(2, table, CAMERA, KINEMATICS, tmp_path / "images", absent)
    assert not list((tmp_path / "images").glob("*.png"))


def test_images_of_another_table_are_not_reused(table, tmp_path):
    capture(2, table, CAMERA, KINEMATICS, tmp_path / "images", print)
    capture(2, table, CAMERA, KINEMATICS, tmp_path / "images", print)
    table.write_text(table.read_text().replace("-2.3", "-2.2"))
    with pytest.raises(RunFolderError, match="holds a capture run with joints"):
        capture(2, table, CAMERA, KINEMATICS, tmp_path / "images", print)
