import cv2
import imageio.v3 as iio
import numpy as np
import pytest

from ctr_env.datasets.image_sequence import ImageFolder, VideoFrames, open_images
from ctr_env.errors import DataError, MissingFileError


def grey(value):
    return np.full((48, 64, 3), value, np.uint8)


def test_images_of_a_folder_are_sorted_by_the_numbers_in_their_names(tmp_path):
    for i in (10, 9, 2):
        cv2.imwrite(str(tmp_path / f"image{i}.png"), grey(i))
    (tmp_path / "joints.csv").touch()
    images = open_images(tmp_path)
    assert isinstance(images, ImageFolder) and images.rate == 0.0
    assert images.names == ["image2.png", "image9.png", "image10.png"]
    assert images.read("image9.png").max() == 9
    assert images.file("image9.png") == tmp_path / "image9.png"


def test_frames_of_a_video_are_read_by_number_in_any_order(tmp_path):
    file = tmp_path / "video.mp4"
    iio.imwrite(file, [grey(50 * i) for i in range(5)], fps=20)
    video = open_images(file)
    assert isinstance(video, VideoFrames)
    assert (video.names[3], len(video.names), video.rate) == ("000003", 5, 20.0)
    for i in (3, 0, 4):
        assert abs(float(video.read(video.names[i]).mean()) - 50 * i) < 6
    with pytest.raises(DataError, match="no frame 7; they are numbered from 0 to 4"):
        video.read("000007")


def test_missing_and_damaged_sources_are_named(tmp_path):
    with pytest.raises(MissingFileError, match="no such folder or video: .*nowhere"):
        open_images(tmp_path / "nowhere")
    (tmp_path / "broken.mp4").write_text("no video")
    with pytest.raises(DataError, match="broken.mp4: not a video"):
        open_images(tmp_path / "broken.mp4")
