import io

import cv2
import numpy as np
import pytest
from PIL import Image

from ctr_env.datasets.image_file import read_image, read_mask

IMAGE = np.random.default_rng(0).integers(0, 255, (48, 64, 3)).astype(np.uint8)


def jpeg(file, **how):
    Image.fromarray(IMAGE).save(file, "JPEG", **how)
    return file


def thumbnail():
    """EXIF data with a small JPEG, end marker and all."""
    small = io.BytesIO()
    Image.fromarray(IMAGE[:8, :8]).save(small, "JPEG")
    return b"Exif\0\0" + small.getvalue()


@pytest.mark.parametrize("how", [{}, {"progressive": True}, {"exif": thumbnail()}, {"comment": b"\xff\xd9"}])
def test_images_whose_end_is_missing_are_rejected_and_whole_ones_are_not(tmp_path, how):
    file = jpeg(tmp_path / "a.jpg", **how)
    assert read_image(file).shape == (48, 64, 3)
    data = file.read_bytes()
    for share in (0.5, 0.8, 0.99):
        file.write_bytes(data[: int(share * len(data))])
        with pytest.raises(ValueError, match="a.jpg: not a whole image: .*truncated"):
            read_image(file)
    file.write_bytes(data + b"what cameras append")
    assert read_image(file).shape == (48, 64, 3)


def test_colours_are_red_green_blue_and_masks_are_truth_values(tmp_path):
    cv2.imwrite(str(tmp_path / "a.png"), IMAGE[..., ::-1])
    np.testing.assert_array_equal(read_image(tmp_path / "a.png"), IMAGE)
    mask = IMAGE[..., 0] > 100
    cv2.imwrite(str(tmp_path / "m.png"), 255 * mask.astype(np.uint8))
    np.testing.assert_array_equal(read_mask(tmp_path / "m.png"), mask)


@pytest.mark.parametrize("data", [b"", b"no image", b"\xff\xd8"])
def test_what_is_no_image_is_rejected(tmp_path, data):
    (tmp_path / "a.jpg").write_bytes(data)
    with pytest.raises(ValueError, match="a.jpg"):
        read_image(tmp_path / "a.jpg")
    (tmp_path / "a.png").write_bytes(cv2.imencode(".png", IMAGE)[1].tobytes()[:2000])
    with pytest.raises(ValueError, match="a.png"):
        read_image(tmp_path / "a.png")
