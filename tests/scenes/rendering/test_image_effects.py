import hashlib
import subprocess
import sys

import numpy as np
import pytest

from ctr_env.scenes.rendering.image_effects import IMAGE_EFFECTS, apply_image_effects

STRONG = {
    "exposure": -0.5,
    "white_balance_r": 1.3,
    "white_balance_b": 0.8,
    "blur_sigma_px": 1.5,
    "motion_blur_px": 7.0,
    "motion_blur_angle_rad": 0.7,
    "noise_std": 0.05,
    "jpeg_quality": 40.0,
}


def affected(image, seed=0, **settings):
    depth = np.full(image.shape[:2], 2.0)  # twice the focus distance
    return apply_image_effects(image, settings, np.random.default_rng(seed), depth)


def texture(height=48, width=64, low=0, high=256, seed=3):
    return np.random.default_rng(seed).integers(low, high, (height, width, 3), dtype=np.uint8)


def smooth(height=48, width=64):
    y, x = np.mgrid[:height, :width]
    return np.stack([60 + 2 * x, 40 + 3 * y, 90 + x + y], axis=-1).astype(np.uint8)


def impulse(size=41):
    image = np.zeros((size, size, 3), dtype=np.uint8)
    image[size // 2, size // 2] = 255
    return image


def spread(image):
    """Standard deviations of the brightness along and across the main axis (px), and the axis (columns, upward
    rows)."""
    weights = image[..., 1].astype(float)
    rows, columns = np.nonzero(weights)
    points = np.stack([columns, -rows], axis=1).astype(float)
    values, vectors = np.linalg.eigh(np.cov(points.T, aweights=weights[rows, columns], ddof=0))
    return np.sqrt(max(values[1], 0.0)), np.sqrt(max(values[0], 0.0)), vectors[:, 1]


def test_neutral_settings_return_the_image_itself():
    image = texture()
    assert affected(image) is image
    assert affected(image, **{name: neutral for name, (neutral, _, _) in IMAGE_EFFECTS.items()}) is image
    assert affected(image, motion_blur_angle_rad=1.0) is image  # the direction of a blur of length zero


def test_image_effects_do_not_import_torch():
    code = (
        "import sys, numpy as np; from ctr_env.scenes.rendering.image_effects import apply_image_effects as apply; "
        f"apply(np.zeros((4, 4, 3), np.uint8), {STRONG}, np.random.default_rng(0)); "
        "print(sorted({'torch', 'kornia'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-P", "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_stop_of_exposure_doubles_and_saturates():
    image = texture()
    np.testing.assert_array_equal(affected(image, exposure=1.0), np.minimum(2 * image.astype(int), 255))
    darker = affected(image, exposure=-1.0).astype(float)
    assert np.abs(darker - image / 2).max() <= 0.5


@pytest.mark.parametrize(("name", "channel"), [("white_balance_r", 0), ("white_balance_b", 2)])
def test_white_balance_scales_its_channel_only(name, channel):
    image = texture(high=200)
    out = affected(image, **{name: 1.25})
    others = [k for k in range(3) if k != channel]
    np.testing.assert_array_equal(out[..., others], image[..., others])
    assert np.abs(out[..., channel] - 1.25 * image[..., channel]).max() <= 0.501


def test_blur_keeps_the_mean_and_lowers_the_variance():
    image = texture(96, 128)
    narrow, wide = affected(image, blur_sigma_px=0.8), affected(image, blur_sigma_px=3.0)
    for out in (narrow, wide):
        np.testing.assert_allclose(out.mean(axis=(0, 1)), image.mean(axis=(0, 1)), atol=1.5)
    assert wide.var() < 0.2 * narrow.var() < 0.2 * 0.5 * image.var()


def test_the_blur_of_a_dot_is_isotropic_centred_and_of_the_stated_width():
    image = np.zeros((41, 41, 3), dtype=np.uint8)
    image[18:23, 18:23] = 255  # a single pixel would be rounded to zero
    out = affected(image, blur_sigma_px=2.0)
    for same in (out[::-1], out[:, ::-1], out.transpose(1, 0, 2)):
        assert np.abs(out.astype(int) - same).max() <= 1
    weights = out[..., 1].astype(float)
    columns = np.arange(41) - 20.0
    profile = weights.sum(axis=0) / weights.sum()
    variance = profile @ columns**2 - (5**2 - 1) / 12  # less that of the dot itself
    assert np.sqrt(variance) == pytest.approx(2.0, rel=0.05)


@pytest.mark.parametrize("angle", [0.0, 0.25 * np.pi, 0.5 * np.pi, 0.75 * np.pi, -0.25 * np.pi])
def test_motion_blur_extends_along_its_angle(angle):
    length = 11
    along, across, axis = spread(affected(impulse(), motion_blur_px=float(length), motion_blur_angle_rad=angle))
    assert abs(axis @ [np.cos(angle), np.sin(angle)]) > np.cos(np.radians(8))
    assert across < 0.7
    expected = np.sqrt((length**2 - 1) / 12)
    assert along == pytest.approx(expected, rel=0.15)


def test_motion_blur_keeps_the_brightness_even_at_the_boundary():
    image = np.full((40, 60, 3), 120, dtype=np.uint8)
    out = affected(image, motion_blur_px=9.0, motion_blur_angle_rad=0.6)
    assert np.abs(out.astype(int) - 120).max() <= 1


@pytest.mark.parametrize("std", [0.01, 0.05])
def test_noise_has_the_stated_strength_and_comes_from_the_generator(std):
    grey = np.full((120, 160, 3), 128, dtype=np.uint8)
    out = affected(grey, seed=1, noise_std=std)
    difference = out.astype(float) - 128
    np.testing.assert_allclose(difference.std(axis=(0, 1)), 255 * std, rtol=0.03)
    assert np.abs(difference.mean(axis=(0, 1))).max() < 4 * 255 * std / 120
    assert np.abs(np.corrcoef(difference.reshape(-1, 3).T) - np.eye(3)).max() < 0.05
    np.testing.assert_array_equal(out, affected(grey, seed=1, noise_std=std))
    assert not np.array_equal(out, affected(grey, seed=2, noise_std=std))


def test_the_loss_of_jpeg_grows_as_its_quality_falls():
    image = smooth()
    image[10:20, 10:30] = (200, 40, 60)
    image[30:40, 5:15] = 20
    loss = [np.abs(affected(image, jpeg_quality=q).astype(int) - image).mean() for q in (100.0, 70.0, 20.0, 5.0)]
    assert loss[0] < 2.0
    assert loss[0] < loss[1] < loss[2] < loss[3]
    assert loss[3] > 4.0


@pytest.mark.parametrize("quality", [1.0, 0.5])
def test_the_worst_jpeg_is_still_an_image(quality):
    image = smooth()
    out = affected(image, jpeg_quality=quality)
    assert np.abs(out.astype(float).mean(axis=(0, 1)) - image.mean(axis=(0, 1))).max() < 40.0


@pytest.mark.parametrize("size", [(37, 53), (240, 320), (1, 1), (16, 17)])
@pytest.mark.parametrize("settings", [{"jpeg_quality": 50.0}, STRONG], ids=["jpeg", "all"])
def test_the_image_size_is_kept(size, settings):
    image = texture(*size)
    before = image.copy()
    out = affected(image, **settings)
    assert out.shape == image.shape
    assert out.dtype == np.uint8
    assert out.flags["C_CONTIGUOUS"]
    np.testing.assert_array_equal(image, before)  # the input is unchanged


def test_compression_pads_without_shifting_or_darkening_the_boundary():
    image = smooth(37, 53)
    out = affected(image, jpeg_quality=95.0).astype(int)
    assert np.abs(out - image)[-3:].mean() < 4.0
    assert np.abs(out - image)[:, -3:].mean() < 4.0


def test_images_with_strides_are_accepted():
    image = texture()
    np.testing.assert_array_equal(
        affected(image[::-1, ::-1], blur_sigma_px=1.0),
        affected(np.ascontiguousarray(image[::-1, ::-1]), blur_sigma_px=1.0),
    )


@pytest.mark.parametrize("name", list(IMAGE_EFFECTS))
def test_the_limits_of_every_setting_work(name):
    _, low, high = IMAGE_EFFECTS[name]
    for value in (low, high):
        assert affected(smooth(), **{"motion_blur_px": 5.0, name: value}).shape == (48, 64, 3)


@pytest.mark.parametrize("name", list(IMAGE_EFFECTS))
def test_values_out_of_range_are_rejected_by_name(name):
    _, low, high = IMAGE_EFFECTS[name]
    for value in (low - 0.1, high + 0.1, float("nan")):
        with pytest.raises(ValueError, match=rf"{name} must lie in \["):
            affected(smooth(), **{name: value})


def test_an_unknown_setting_is_rejected_with_the_valid_ones():
    with pytest.raises(ValueError, match="unknown image effect 'halo'; valid names: ") as error:
        affected(smooth(), halo=1.0)
    for name in IMAGE_EFFECTS:
        assert name in str(error.value)


def test_defocus_blurs_pixels_away_from_the_focus_distance():
    image = texture(60, 120)
    depth = np.where(np.arange(120) < 60, 1.0, 5.0) * np.ones((60, 1))
    seen = apply_image_effects(image, {"defocus_px": 2.0}, np.random.default_rng(0), depth)
    np.testing.assert_array_equal(seen[:, :60], image[:, :60])
    assert seen[:, 66:].std() < 0.4 * image[:, 66:].std()
    blurred = affected(image, blur_sigma_px=1.6)  # 2 px x (1 - 1/5)
    assert np.abs(seen[:, 70:].astype(int) - blurred[:, 70:]).mean() < 4
    with pytest.raises(ValueError, match="defocus_px .2. needs the image's depth"):
        apply_image_effects(image, {"defocus_px": 2.0}, np.random.default_rng(0))


def test_a_vignette_darkens_the_corners_only():
    image = np.full((49, 65, 3), 200, np.uint8)
    seen = affected(image, vignette=0.4)
    assert seen[24, 32, 0] == 200
    assert seen[0, 0, 0] == pytest.approx(200 * 0.6, abs=1)
    assert seen[24, 0, 0] == pytest.approx(200 * 0.8, abs=1)


def test_the_order_is_optics_then_exposure_then_noise_then_compression():
    image = texture(48, 64)
    separately = image
    for names in (("blur_sigma_px",), ("motion_blur_px", "motion_blur_angle_rad")):
        separately = affected(separately, **{name: STRONG[name] for name in names})
    sensor = ("exposure", "white_balance_r", "white_balance_b", "noise_std")
    separately = affected(separately, **{name: STRONG[name] for name in sensor})
    separately = affected(separately, jpeg_quality=STRONG["jpeg_quality"])
    np.testing.assert_array_equal(affected(image, **STRONG), separately)


def test_bits_stay_as_they_are():
    """The same on every processor; a change of these bits is a change of all image-based results."""
    settings = {**STRONG, "vignette": 0.3}
    del settings["jpeg_quality"]  # the JPEG library's affair
    assert hashlib.sha256(affected(texture(), **settings).tobytes()).hexdigest()[:16] == "ef6f36dc12e899a6"
