import os
import threading

import numpy as np
import pytest

from ctr_env.datasets.joint_log import JointLog
from ctr_env.errors import DataError, MissingFileError, UsageError
from ctr_env.scenes.robots.kinematics import RobotKinematics

PANDA = RobotKinematics("panda")
HEADER = ",".join(["time", *PANDA.robot.arm_joints])


def line(time_s, positions):
    return ",".join(map(repr, [time_s, *np.asarray(positions).tolist()]))


@pytest.fixture
def file(tmp_path):
    file = tmp_path / "joint_states.csv"
    file.write_text("\n".join([HEADER, line(0.0, PANDA.home), line(0.1, PANDA.home + 0.1)]) + "\n")
    return file


def test_the_last_complete_row_is_read_and_dated(file):
    log = JointLog(file, PANDA)
    np.testing.assert_array_equal(log.newest().positions, PANDA.home + 0.1)
    with file.open("a") as stream:
        stream.write(line(0.2, PANDA.home + 0.2)[:-5])  # the program is still writing
    np.testing.assert_array_equal(log.newest().positions, PANDA.home + 0.1)
    with file.open("a") as stream:
        stream.write("\n" + line(0.3, PANDA.home + 0.3) + "\n\n")
    os.utime(file, (1e9, 1e9))
    reading = log.newest()
    np.testing.assert_array_equal(reading.positions, PANDA.home + 0.3)
    assert reading.age_s > 1e8


def test_long_logs_are_read_at_their_end(file):
    with file.open("a") as stream:
        stream.writelines(line(0.01 * i, PANDA.home + 1e-5 * i) + "\n" for i in range(3000))
    assert file.stat().st_size > 2 << 16
    np.testing.assert_array_equal(JointLog(file, PANDA).newest().positions, PANDA.home + 1e-5 * 2999)


def test_names_are_mapped(file):
    file.write_text(file.read_text().replace("panda_joint", "axis_"))
    log = JointLog(file, PANDA, {"axis_": "panda_joint"})
    np.testing.assert_array_equal(log.newest().positions, PANDA.home + 0.1)


@pytest.mark.parametrize(
    "first, prefix, after",
    [("%time,field.header.seq,field.header.frame_id", "field.", ""), ("sec,nanosec,frame_id", "", ",0.0,0.0,0.0")],
)
def test_joint_states_of_ros_are_read(file, first, prefix, after):
    names = ["panda_finger_joint1", *PANDA.robot.arm_joints[::-1]]
    values = [0.04, *PANDA.home[::-1]]
    header = [first, *(f"{prefix}{kind}{i}" for kind in ("name", "position") for i in range(len(names)))]
    file.write_text(",".join(header) + ("" if prefix else ",") + "\n")
    with file.open("a") as stream:
        stream.write(",".join(["17", "5", "", *names, *map(str, values)]) + after + "\n")
    np.testing.assert_allclose(JointLog(file, PANDA).newest().positions, PANDA.home)


def test_errors_name_the_file_and_the_cause(file, tmp_path):
    with pytest.raises(MissingFileError, match=r"no such log of joint angles: .*none.csv"):
        JointLog(tmp_path / "none.csv", PANDA).newest()
    file.write_text(HEADER + "\n")
    with pytest.raises(DataError, match="no complete row"):
        JointLog(file, PANDA).newest()
    file.write_text(HEADER + "\n" + line(0.0, np.degrees(PANDA.home)) + "\n")
    with pytest.raises(DataError, match="last row: .*look like degrees"):
        JointLog(file, PANDA).newest()
    file.write_text(HEADER + "\n0.0,1.0,off,0,0,0,0,0\n")
    with pytest.raises(DataError, match="panda_joint2 is 'off', not a number"):
        JointLog(file, PANDA).newest()
    file.write_bytes(b"\xff\xfe\n\xff\n")
    with pytest.raises(DataError, match="UTF-8"):
        JointLog(file, PANDA).newest()


@pytest.mark.parametrize(
    "header, message",
    [('"' + HEADER, "quotation mark in the first line is not closed"), (HEADER.replace(",", "\r,", 1), "new-line")],
)
def test_what_is_not_csv_is_named(file, header, message):
    file.write_text("\n".join([header, line(0.0, PANDA.home)]) + "\n", newline="")
    with pytest.raises(DataError, match=rf"joint_states\.csv: not a CSV file.*{message}"):
        JointLog(file, PANDA).newest()


def test_lines_may_end_as_on_windows(file):
    file.write_text("\r\n".join([HEADER, line(0.0, PANDA.home)]) + "\r\n\r\n", newline="")
    np.testing.assert_array_equal(JointLog(file, PANDA).newest().positions, PANDA.home)


def test_a_log_that_is_removed_while_it_is_read_is_named(file, monkeypatch):
    monkeypatch.setattr(type(file), "is_file", lambda self: True)
    file.unlink()
    with pytest.raises(DataError, match=r"joint_states\.csv cannot be read: .*No such file"):
        JointLog(file, PANDA).newest()


def test_the_next_row_is_waited_for(file):
    log = JointLog(file, PANDA)
    with file.open("a") as stream:
        stream.write(line(0.2, PANDA.home + 0.2))  # ends later, and counts then

    def end_row():
        with file.open("a") as stream:
            stream.write("\n")

    timer = threading.Timer(0.2, end_row)
    timer.start()
    np.testing.assert_array_equal(log.next(10.0).positions, PANDA.home + 0.2)
    timer.join()
    os.utime(file, (1e9, 1e9))
    with pytest.raises(UsageError, match=r"joint_states\.csv was last written \d+\.\d s ago"):
        log.next(0.05)
