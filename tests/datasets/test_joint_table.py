import numpy as np
import pytest

from ctr_env.datasets.joint_table import read_joint_table
from ctr_env.errors import DataError, MissingFileError
from ctr_env.scenes.robots.catalogue import get_robot

PANDA = get_robot("panda")
ANGLES = np.array(PANDA.home) + np.random.default_rng(0).uniform(-0.5, 0.5, (4, 7))


def write(file, columns):
    """Write a CSV file with these columns and the joints' behind them."""
    header = [*columns, *PANDA.arm_joints]
    lines = [",".join(header)]
    for i, row in enumerate(ANGLES):
        lines.append(",".join([*(str(cells[i]) for cells in columns.values()), *map(repr, row.tolist())]))
    file.write_text("\n".join(lines) + "\n")
    return file


def test_positions_times_and_names_are_read(tmp_path):
    names = ["b.png", "a.png", "d.png", "c.png"]
    file = write(tmp_path / "q.csv", {"Filename": names, "time": [0.0, 0.5, 1.0, 1.5], "note": ["x"] * 4})
    table = read_joint_table(file, PANDA, sorted(names))
    np.testing.assert_array_equal(table.positions, ANGLES)
    np.testing.assert_array_equal(table.times, [0.0, 0.5, 1.0, 1.5])
    assert table.names == names and not table.problems


def test_without_a_column_of_names_or_times_there_are_none(tmp_path):
    table = read_joint_table(write(tmp_path / "q.csv", {}), PANDA, ["a.png"])
    assert table.names is None and np.isnan(table.times).all()


@pytest.mark.parametrize(
    ("columns", "start"),
    [
        ({"t": [0, 1, 2, 3]}, 0.0),
        ({"Timestamp": [1.7e9, 1.7e9 + 1, 1.7e9 + 2, 1.7e9 + 3]}, 1.7e9),
        ({"%time": [10**9 * (1_700_000_000 + i) for i in range(4)]}, 1.7e9),
        ({"field.header.stamp": [1000 * (1_700_000_000 + i) for i in range(4)]}, 1.7e9),
        ({"header.stamp.sec": [1_700_000_000 + i for i in range(4)], "header.stamp.nanosec": [0] * 4}, 1.7e9),
    ],
)
def test_times_are_seconds_whatever_their_unit(tmp_path, columns, start):
    table = read_joint_table(write(tmp_path / "q.csv", columns), PANDA)
    np.testing.assert_allclose(table.times, start + np.arange(4.0), atol=1e-6)


def test_nanoseconds_are_added_to_seconds(tmp_path):
    file = write(tmp_path / "q.csv", {"secs": [5, 5, 6, 6], "nsecs": [0, 500_000_000, 0, 250_000_000]})
    np.testing.assert_allclose(read_joint_table(file, PANDA).times, [5.0, 5.5, 6.0, 6.25])


def test_cells_that_are_no_numbers_are_problems_of_their_rows(tmp_path):
    file = write(tmp_path / "q.csv", {"time": ["0.0", "soon", "1.0", "1.5"]})
    file.write_text(file.read_text().replace(repr(ANGLES[2, 4].item()), "inf"))
    table = read_joint_table(file, PANDA)
    assert set(table.problems) == {1, 2}
    assert "time in line 3 is 'soon', not a finite number" in table.problems[1]
    assert "panda_joint5 in line 4 is 'inf', not a finite number" in table.problems[2]
    assert np.isnan(table.positions[2, 4]) and np.isnan(table.times[1])


def test_files_of_spreadsheets_with_a_byte_order_mark_and_empty_lines(tmp_path):
    lines = write(tmp_path / "q.csv", {"image": list("abcd")}).read_text().splitlines()
    (tmp_path / "q.csv").write_bytes(b"\xef\xbb\xbf" + "\n".join([lines[0], "", *lines[1:], ",,,,,,,"]).encode())
    table = read_joint_table(tmp_path / "q.csv", PANDA)
    np.testing.assert_array_equal(table.positions, ANGLES)
    assert table.names == list("abcd")


def test_errors_name_the_file_and_the_cause(tmp_path):
    file = tmp_path / "q.csv"
    with pytest.raises(MissingFileError, match="no such table of joint angles: .*q.csv"):
        read_joint_table(file, PANDA)
    lines = write(file, {"image": list("abcd")}).read_text().splitlines()
    file.write_text("\n".join([lines[0], "", lines[1], "," + lines[2].partition(",")[2]]))
    with pytest.raises(DataError, match="q.csv: line 4 names no image"):
        read_joint_table(file, PANDA)
    file.write_text(lines[0] + "\n,,,,,,,,\n")
    with pytest.raises(DataError, match="q.csv: no rows"):
        read_joint_table(file, PANDA)
    file.write_bytes("Kamera für\n".encode("latin-1") * 2)
    with pytest.raises(DataError, match="q.csv: not a CSV file in UTF-8"):
        read_joint_table(file, PANDA)
    file.write_text("image,panda_joint1\na,0\n")
    with pytest.raises(DataError, match="q.csv: no column panda_joint2"):
        read_joint_table(file, PANDA)
