import imageio.v3 as iio
import numpy as np
import pytest

from ctr_env.datasets.synthetic import backgrounds as module
from ctr_env.datasets.synthetic.backgrounds import Backgrounds

SIZES = [(64, 48), (33, 70)]


@pytest.fixture
def folder(tmp_path):
    """A photograph in a subfolder, a panorama, an image of one pixel and a text file."""
    rng = np.random.default_rng(0)
    (tmp_path / "more").mkdir()
    iio.imwrite(tmp_path / "more" / "room.JPG", rng.integers(0, 255, (60, 80, 3), dtype=np.uint8), extension=".jpg")
    iio.imwrite(tmp_path / "panorama.png", rng.integers(0, 255, (64, 128, 3), dtype=np.uint8))
    iio.imwrite(tmp_path / "dot.png", np.full((1, 1, 3), 200, np.uint8))
    (tmp_path / "notes.txt").write_text("where these are from")
    return tmp_path


@pytest.mark.parametrize("width, height", SIZES)
def test_every_kind_fills_the_image(folder, width, height):
    for source in (Backgrounds(), Backgrounds(folder)):
        for seed in range(25):
            image = source.draw(width, height, np.random.default_rng(seed))
            assert image.shape == (height, width, 3)
            assert image.dtype == np.uint8
            np.testing.assert_array_equal(image, source.draw(width, height, np.random.default_rng(seed)))


def test_a_folders_images_are_used(tmp_path):
    iio.imwrite(tmp_path / "green.png", np.full((60, 80, 3), (20, 230, 40), np.uint8))
    source = Backgrounds(tmp_path)
    images = [source.draw(32, 24, np.random.default_rng(seed)) for seed in range(60)]
    green = [np.median(p[..., 1]) > 2.0 * np.median(p[..., [0, 2]]) for p in images]
    assert 0.3 < np.mean(green) < 0.9


def test_folders_without_images_are_rejected_by_name(tmp_path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / "notes.txt").write_text("nothing here")
    for name in ("empty", "missing"):
        with pytest.raises(FileNotFoundError, match=rf"\.jpg.* in the background folder .*{name}$"):
            Backgrounds(tmp_path / name)
    (tmp_path / "empty" / "broken.png").write_bytes(b"not an image")
    with pytest.raises(ValueError, match="broken.png is not a readable image"):
        Backgrounds(tmp_path / "empty")


def test_views_of_a_panorama_follow_longitude_and_latitude():
    columns = 720
    longitude = (np.arange(columns) + 0.5) / columns * 2 * np.pi
    colours = np.stack([np.cos(longitude), np.sin(longitude), np.zeros(columns)], axis=-1) * 120 + 128
    latitude = np.linspace(0, 255, 360)[:, None]
    panorama = np.broadcast_to(colours, (360, columns, 3)).copy()
    panorama[..., 2] = latitude
    for seed in range(20):
        view = module._perspective_view(panorama.astype(np.uint8), 64, 48, np.random.default_rng(seed)).astype(float)
        seen = np.unwrap(np.arctan2(view[..., 1] - 128, view[..., 0] - 128), axis=1)
        assert np.all(np.diff(seen, axis=1) > 0)  # eastwards is to the right
        assert 0.6 < np.ptp(seen[24]) < 2.2
        assert np.all(np.diff(view[:, 32, 2]) > -2)  # and down is down
        assert np.ptp(view[:, 32, 2]) > 10


def test_only_pixels_outside_the_robot_are_replaced():
    image = np.random.default_rng(1).integers(0, 255, (48, 64, 3), dtype=np.uint8)
    mask = np.zeros((48, 64), bool)
    mask[10:30, 20:50] = True
    for seed in range(5):
        replaced = Backgrounds().behind(image, mask, np.random.default_rng(seed))
        assert replaced.dtype == np.uint8
        np.testing.assert_array_equal(replaced[11:29, 21:49], image[11:29, 21:49])
        rng = np.random.default_rng(seed)
        far = ~mask
        far[9:31, 19:51] = False
        np.testing.assert_array_equal(replaced[far], Backgrounds().draw(64, 48, rng)[far])
