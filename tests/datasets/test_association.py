"""Which joint angles belong to which image; the images themselves are not read."""

from pathlib import Path

import numpy as np
import pytest

from ctr_env.datasets.association import associate
from ctr_env.datasets.image_sequence import ImageFolder, VideoFrames
from ctr_env.datasets.joint_table import JointTable
from ctr_env.errors import DataError, DataWarning, MissingFileError

FILE = Path("joints.csv")


def folder(path, names):
    path.mkdir()
    for name in names:
        (path / name).touch()
    return ImageFolder(path)


def table(count, names=None, times=None, problems=None):
    """Row i has the joint angle i."""
    stamps = np.full(count, np.nan) if times is None else np.asarray(times, dtype=float)
    return JointTable(names, np.arange(float(count))[:, None], stamps, problems or {})


def angles(found):
    return {name: found.positions[name].item() for name in found.names if name not in found.problems}


class FakeVideo(VideoFrames):
    def __init__(self, count, rate):
        self.path, self.rate, self.names = Path("video.mp4"), rate, [f"{i:06d}" for i in range(count)]


def test_rows_belong_to_the_images_that_they_name(tmp_path):
    images = folder(tmp_path / "p", ["a.png", "b.png", "c.png", "d.png"])
    found = associate(images, table(3, ["c.png", "a.png", "x.png"], problems={1: "bad"}), FILE)
    assert found.by == "name" and found.names == ["c.png", "a.png", "x.png", "b.png", "d.png"]
    assert angles(found) == {"c.png": 0.0}
    assert found.problems["a.png"] == "bad"
    assert found.problems["x.png"].startswith("joints.csv: no image 'x.png' in")
    assert found.problems["b.png"].endswith("b.png: no row of joints.csv names it")


def test_names_that_are_repeated_or_all_missing_are_errors(tmp_path):
    images = folder(tmp_path / "p", ["a.png", "b.png"])
    with pytest.raises(DataError, match="joints.csv: two rows name image 'a.png'"):
        associate(images, table(2, ["a.png", "a.png"]), FILE)
    with pytest.raises(MissingFileError, match="none of the images that joints.csv names"):
        associate(images, table(1, ["x.png"]), FILE)


def test_rows_belong_to_images_by_order_only_without_names_and_times(tmp_path):
    images = folder(tmp_path / "p", ["10.png", "9.png", "1.png"])
    found = associate(images, table(3), FILE)
    assert found.by == "order" and angles(found) == {"1.png": 0.0, "9.png": 1.0, "10.png": 2.0}
    with pytest.raises(DataError, match="joints.csv has 4 rows, .*p has 3 images, and not both have times"):
        associate(images, table(4), FILE)


def test_a_log_with_times_serves_images_whose_names_end_with_times(tmp_path):
    images = folder(tmp_path / "p", ["12.345.png", "12.5.png", "15.25.png"])
    found = associate(images, table(500, times=10.0 + 0.01 * np.arange(500)), FILE)
    assert found.by == "time"
    np.testing.assert_allclose(list(angles(found).values()), [234.5, 250.0])
    assert found.times["12.345.png"] == 12.345
    problem = found.problems["15.25.png"]
    assert "no joint angles at the time of 15.25.png, 15.250 s (rows cover 10.000 to 14.990 s;" in problem
    assert "at most 0.1 s apart" in problem


def test_a_log_with_as_many_rows_as_images_is_still_associated_by_time(tmp_path):
    """The rows begin one image earlier: by order, every image would have the previous joint angles."""
    images = folder(tmp_path / "p", [f"{20 + 0.04 * i:.3f}.png" for i in range(5)])
    found = associate(images, table(5, times=20.0 + 0.04 * np.arange(-1, 4)), FILE)
    np.testing.assert_allclose(list(angles(found).values()), [1, 2, 3, 4, 4], atol=1e-6)


@pytest.mark.parametrize("beside", [True, False])
def test_a_file_of_times_in_or_beside_the_folder(tmp_path, beside):
    images = folder(tmp_path / "p", ["a.png", "b.png", "c.png"])
    (tmp_path / ("." if beside else "p") / "times.csv").write_text("image,time\na.png,0.5\nb.png,1.005\n")
    found = associate(images, table(200, times=0.01 * np.arange(200)), FILE)
    np.testing.assert_allclose(list(angles(found).values()), [50.0, 100.5])
    assert found.problems["c.png"].endswith("c.png: no time of this image")


def test_images_numbered_by_seconds_are_associated_with_a_warning(tmp_path):
    images = folder(tmp_path / "p", [f"{i:06d}.png" for i in range(16)])
    with pytest.warns(DataWarning, match="assumed to be seconds"):
        found = associate(images, table(1600, times=0.01 * np.arange(1600)), FILE)
    np.testing.assert_allclose(list(angles(found).values()), 100.0 * np.arange(16))


def test_counters_that_do_not_cover_the_log_are_no_times(tmp_path):
    images = folder(tmp_path / "p", [f"{i:06d}.png" for i in range(16)])
    with pytest.raises(DataError, match="not both have times"):
        associate(images, table(16000, times=0.01 * np.arange(16000)), FILE)


def test_a_video_starts_with_its_log(tmp_path):
    with pytest.warns(DataWarning, match="the video is assumed to start with the table, at 7 s"):
        found = associate(FakeVideo(4, 20.0), table(100, times=7.0 + 0.01 * np.arange(100)), FILE)
    np.testing.assert_allclose(list(angles(found).values()), [0.0, 5.0, 10.0, 15.0], atol=1e-6)
    with pytest.raises(DataError, match="not both have times"):
        associate(FakeVideo(4, 0.0), table(100, times=0.01 * np.arange(100)), FILE)


def test_rows_without_a_time_or_an_angle_are_not_interpolated(tmp_path):
    images = folder(tmp_path / "p", ["0.02.png"])
    rows = table(4, times=[0.0, np.nan, 0.03, 0.04])
    assert angles(associate(images, rows, FILE)) == pytest.approx({"0.02.png": 2.0 * 2 / 3})
    rows = rows._replace(positions=np.full((4, 1), np.nan))
    with pytest.raises(DataError, match="no row has a time and all joint angles"):
        associate(images, rows, FILE)


def test_rows_name_frames_of_a_video_by_number():
    found = associate(FakeVideo(5, 20.0), table(2, ["3", "001"]), FILE)
    assert angles(found) == {"000003": 0.0, "000001": 1.0}
    with pytest.raises(
        DataError, match="joints.csv: a row names frame 'home'; rows name a video's frames by their number"
    ):
        associate(FakeVideo(5, 20.0), table(1, ["home"]), FILE)
