import subprocess
import warnings

import imageio.v3 as iio
import imageio_ffmpeg
import numpy as np
import pytest

from ctr_env.datasets.video_reader import Video
from ctr_env.errors import DataError, DataWarning

IMAGE = np.zeros((48, 64, 3), np.uint8)
IMAGE[:24, :, 0] = 200


@pytest.fixture
def file(tmp_path):
    iio.imwrite(tmp_path / "video.mp4", [IMAGE] * 3, fps=10)
    return tmp_path / "video.mp4"


def test_frames_are_red_green_blue(file):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        video = Video(file)
    assert (len(video), video.rate) == (3, 10.0)
    top = video.read(2)[4:20].mean(axis=(0, 1))
    assert top[0] > 150 and top[1:].max() < 50


def test_a_rotation_that_the_container_asks_for_is_ignored_and_reported(file):
    """Phones record upright videos this way; intrinsics belong to the image of the sensor."""
    turned = file.with_name("turned.mp4")
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-display_rotation", "90", "-i", str(file), "-c", "copy", str(turned)]
    subprocess.run(command, check=True, capture_output=True)
    with pytest.warns(DataWarning, match="rotated by 270 degrees, which is ignored"):
        video = Video(turned)
    np.testing.assert_array_equal(video.read(1), Video(file).read(1))


def test_frames_that_do_not_exist_are_rejected(file):
    with pytest.raises(DataError, match="no frame 3; they are numbered from 0 to 2"):
        Video(file).read(3)
