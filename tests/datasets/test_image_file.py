import io
import warnings

import cv2
import numpy as np
import pytest
from PIL import Image

from ctr_env.datasets.image_file import decode_image, decode_mask, read_image, read_mask
from ctr_env.errors import DataError, DataWarning, MissingFileError

IMAGE = np.random.default_rng(0).integers(0, 255, (48, 64, 3)).astype(np.uint8)
ORIENTATION = 0x0112


def jpeg(file, **options):
    Image.fromarray(IMAGE).save(file, "JPEG", **options)
    return file


def thumbnail():
    """EXIF data with a small JPEG, end marker included."""
    small = io.BytesIO()
    Image.fromarray(IMAGE[:8, :8]).save(small, "JPEG")
    return b"Exif\0\0" + small.getvalue()


@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"exif": thumbnail()}, {"comment": b"\xff\xd9"}])
def test_truncated_jpegs_are_rejected_and_complete_ones_are_read(tmp_path, options):
    file = jpeg(tmp_path / "a.jpg", **options)
    assert read_image(file).shape == (48, 64, 3)
    data = file.read_bytes()
    for share in (0.5, 0.8, 0.99):
        file.write_bytes(data[: int(share * len(data))])
        with pytest.raises(DataError, match="a.jpg: not a whole image: .*truncated"):
            read_image(file)
    file.write_bytes(data + b"what cameras append")
    assert read_image(file).shape == (48, 64, 3)


def test_channels_are_red_green_blue(tmp_path):
    cv2.imwrite(str(tmp_path / "a.png"), IMAGE[..., ::-1])
    np.testing.assert_array_equal(read_image(tmp_path / "a.png"), IMAGE)


def test_greyscale_and_transparent_images_have_three_channels(tmp_path):
    Image.fromarray(IMAGE[..., 0]).save(tmp_path / "grey.png")
    np.testing.assert_array_equal(read_image(tmp_path / "grey.png"), np.repeat(IMAGE[..., :1], 3, axis=2))
    Image.fromarray(np.dstack([IMAGE, IMAGE[..., 0]])).save(tmp_path / "clear.png")
    np.testing.assert_array_equal(read_image(tmp_path / "clear.png"), IMAGE)


@pytest.mark.parametrize("suffix", ["jpg", "png", "webp"])
@pytest.mark.parametrize("orientation", [2, 3, 6])
def test_orientation_flags_are_ignored_and_reported(tmp_path, suffix, orientation):
    """Intrinsics belong to the image as the sensor recorded it."""
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    options = {"quality": 95} if suffix == "jpg" else {} if suffix == "png" else {"lossless": True}
    Image.fromarray(IMAGE).save(tmp_path / f"flag.{suffix}", exif=exif, **options)
    Image.fromarray(IMAGE).save(tmp_path / f"plain.{suffix}", **options)
    plain = read_image(tmp_path / f"plain.{suffix}")
    with pytest.warns(DataWarning, match=f"EXIF orientation {orientation}, which is ignored"):
        found = read_image(tmp_path / f"flag.{suffix}")
    np.testing.assert_array_equal(found, plain)


def test_tiffs_that_decoders_would_rotate_are_rejected(tmp_path):
    exif = Image.Exif()
    exif[ORIENTATION] = 6
    Image.fromarray(IMAGE).save(tmp_path / "a.tif", exif=exif)
    with pytest.raises(DataError, match="a TIFF with orientation 6"):
        read_image(tmp_path / "a.tif")


@pytest.mark.parametrize("bits", [10, 12, 14, 16])
def test_values_of_16_bit_files_are_scaled_by_the_sensors_depth(tmp_path, bits):
    """Twelve bits in a file of sixteen would otherwise be almost black."""
    deep = np.round(IMAGE / 255.0 * (2**bits - 1)).astype(np.uint16)
    deep[0, 0] = 2**bits - 1
    cv2.imwrite(str(tmp_path / "a.png"), deep[..., ::-1])
    with pytest.warns(DataWarning, match=f"have values of {bits} bits"):
        found = read_image(tmp_path / "a.png")
    np.testing.assert_array_equal(found.reshape(-1, 3)[1:], IMAGE.reshape(-1, 3)[1:])


def test_eight_bits_in_a_file_of_sixteen_are_read_as_they_are(tmp_path):
    cv2.imwrite(str(tmp_path / "a.png"), IMAGE[..., ::-1].astype(np.uint16))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        np.testing.assert_array_equal(read_image(tmp_path / "a.png"), IMAGE)


@pytest.mark.parametrize(("value", "kind"), [(255, np.uint8), (1, np.uint8), (255, np.uint16), (1, np.uint16)])
def test_masks_are_read_whatever_their_largest_value(tmp_path, value, kind):
    mask = IMAGE[..., 0] > 100
    cv2.imwrite(str(tmp_path / "m.png"), value * mask.astype(kind))
    np.testing.assert_array_equal(read_mask(tmp_path / "m.png"), mask)


def test_soft_masks_are_cut_at_one_half(tmp_path):
    cv2.imwrite(str(tmp_path / "m.png"), np.array([[0, 60, 127, 128, 200, 255]], np.uint8))
    assert read_mask(tmp_path / "m.png").tolist() == [[False, False, False, True, True, True]]


@pytest.mark.parametrize("data", [b"", b"no image", b"\xff\xd8"])
def test_files_that_are_no_images_are_rejected_by_name(tmp_path, data):
    (tmp_path / "a.jpg").write_bytes(data)
    with pytest.raises(DataError, match="a.jpg: not a"):
        read_image(tmp_path / "a.jpg")
    with pytest.raises(MissingFileError, match="no such image: .*b.jpg"):
        read_image(tmp_path / "b.jpg")


def test_truncated_pngs_are_rejected(tmp_path):
    (tmp_path / "a.png").write_bytes(cv2.imencode(".png", IMAGE)[1].tobytes()[:2000])
    with pytest.raises(DataError, match="a.png"):
        read_image(tmp_path / "a.png")


def test_content_that_was_checked_before_decodes_to_the_same(tmp_path):
    file = tmp_path / "a.png"
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (9, 7, 3), dtype=np.uint8)).save(file)
    data = file.read_bytes()
    np.testing.assert_array_equal(decode_image(data, file, checked=True), decode_image(data, file))
    np.testing.assert_array_equal(decode_mask(data, file, checked=True), decode_mask(data, file))
