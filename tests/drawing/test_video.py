import imageio.v3 as iio
import numpy as np
import pytest

from ctr_env.drawing.video import open_video


def test_images_of_odd_size_lose_their_last_row_and_column(tmp_path):
    path = tmp_path / "video.mp4"
    with open_video(path, 10.0) as video:
        for value in (50, 200):
            video.add(np.full((33, 49, 3), value, np.uint8))
    images = iio.imread(path)
    assert images.shape == (2, 32, 48, 3)
    np.testing.assert_allclose(images.mean(axis=(1, 2, 3)), (50, 200), atol=5)


def test_an_interrupted_video_leaves_no_file(tmp_path):
    with pytest.raises(KeyboardInterrupt), open_video(tmp_path / "video.mp4", 10.0) as video:
        video.add(np.zeros((32, 48, 3), np.uint8))
        raise KeyboardInterrupt
    assert not list(tmp_path.iterdir())
