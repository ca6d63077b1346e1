import cv2
import numpy as np
import pytest

from ctr_env.datasets.synthetic.backgrounds import Backgrounds
from ctr_env.datasets.synthetic.clutter import paint_clutter
from ctr_env.estimators.ctrnet.cropping import Crop
from ctr_env.estimators.ctrnet.pose_prior import empty_pose_prior
from ctr_env.geometry import PinholeCamera
from ctr_env.learning.supervised import augmentation
from ctr_env.learning.supervised.augmentation import augmented
from ctr_env.learning.supervised.rendered_frame import RenderedFrame
from ctr_env.learning.supervised.views import PassInput

WIDTH, HEIGHT, SIZE = 160, 120, (96, 72)
BACKGROUNDS = Backgrounds()
CAMERA = PinholeCamera.from_fov(1.0, WIDTH, HEIGHT)


@pytest.fixture(scope="module")
def frame():
    """Bright discs on black at the points: the robot; and two points more, beside the image and behind the camera."""
    rng = np.random.default_rng(0)
    pixels = np.array([(30, 25), (60, 90), (95, 40), (120, 80), (140, 20), (75, 60)]) + rng.uniform(-2, 2, (6, 2))
    image, mask = np.zeros((HEIGHT, WIDTH, 3), np.uint8), np.zeros((HEIGHT, WIDTH), np.uint8)
    x, y = np.meshgrid(np.arange(WIDTH) + 0.5, np.arange(HEIGHT) + 0.5)
    for px, py in pixels:
        disc = np.hypot(x - px, y - py) < 7.0
        image[disc], mask[disc] = (250, 240, 60), 255
    return RenderedFrame(image, mask, np.vstack([places(pixels), places((-60.0, 50.0)), (0.0, 0.0, -1.0)]), CAMERA)


def places(pixels):
    """Points of the camera frame, one metre away, that are seen at pixels."""
    return np.append((pixels - np.array([CAMERA.cx, CAMERA.cy])) / CAMERA.fx, np.ones((*np.shape(pixels)[:-1], 1)), -1)


HIDING = ("_SECOND_ARM_SHARE", "_PERSON_SHARE", "_PAINTED_SHARE", "_OCCLUDER_SHARE")
"""Shares of what is drawn over the robot."""


def switch_off(monkeypatch, *names):
    for name in names:
        monkeypatch.setattr(augmentation, name, 0.0)


def examples(frame, count):
    return [augmented(frame, 6, SIZE, BACKGROUNDS, np.random.default_rng(seed)) for seed in range(count)]


def test_an_example_is_whole_and_belongs_to_its_seed(frame):
    for one, other in zip(examples(frame, 15), examples(frame, 15), strict=True):
        assert one.image.shape == (SIZE[1], SIZE[0], 3)
        assert one.mask.shape == (SIZE[1], SIZE[0])
        assert one.prior.shape == one.image.shape
        assert one.image.dtype == one.mask.dtype == one.prior.dtype == np.uint8
        assert one.pixels.dtype == np.float32
        assert not one.inside[-1]
        assert np.all(one.pixels[~one.inside] == 0.0)
        assert np.all(one.inside[one.seen])
        for name in ("image", "prior", "mask", "pixels", "inside", "seen", "points", "lens"):
            np.testing.assert_array_equal(getattr(one, name), getattr(other, name))
    assert len({example.image.tobytes() for example in examples(frame, 15)}) == 15


def test_mask_and_pixels_go_through_the_same_crop(frame, monkeypatch):
    """Each disc's part of the mask lies around its point."""
    switch_off(monkeypatch, *HIDING, "_SENSOR_SHARE")
    checked = 0
    for example in examples(frame, 60):
        _, labels, stats, centres = cv2.connectedComponentsWithStats((example.mask > 127).astype(np.uint8))
        for (x, y), seen in zip(example.pixels, example.seen, strict=True):
            part = labels[int(y), int(x)] if seen else 0
            left, top, width, height = stats[part][:4]
            whole = left > 0 and top > 0 and left + width < SIZE[0] and top + height < SIZE[1]
            if part and whole and abs(width - height) < 3:
                assert np.abs(centres[part] + 0.5 - (x, y)).max() < 1.0
                checked += 1
    assert checked > 100


def test_the_lens_takes_points_to_their_pixels(frame):
    checked = 0
    for example in examples(frame, 20):
        normalised = example.points / example.points[:, 2:]  # x/z, y/z, 1
        pixels = normalised @ example.lens.T
        np.testing.assert_allclose(pixels[example.inside], example.pixels[example.inside], atol=1e-3)
        checked += example.inside.sum()
    assert checked > 60


def test_seen_points_lie_on_the_visible_robot_and_hidden_ones_do_not(frame, monkeypatch):
    def much_clutter(image, rng, count, size):
        return paint_clutter(image, rng, 6, 1.5)

    monkeypatch.setattr(augmentation, "paint_clutter", much_clutter)
    monkeypatch.setattr(augmentation, "_OCCLUDER_SHARE", 1.0)
    seen = hidden = 0
    for example in examples(frame, 60):
        near = cv2.dilate(example.mask, np.ones((5, 5), np.uint8))
        for (x, y), is_seen in zip(example.pixels[example.inside], example.seen[example.inside], strict=True):
            assert (near[int(y), int(x)] > 127) == is_seen
            seen, hidden = seen + is_seen, hidden + (not is_seen)
    assert hidden > 20
    assert seen > 50


def test_an_occluder_hides_what_it_stands_before(frame, monkeypatch):
    def cover(image, rng, count, size):
        image[:] = 70
        return np.full(image.shape[:2], 255, np.uint8)

    monkeypatch.setattr(augmentation, "paint_clutter", cover)
    monkeypatch.setattr(augmentation, "_OCCLUDER_SHARE", 1.0)
    for example in examples(frame, 10):
        assert example.inside.any()
        assert not example.seen.any()
        assert not example.mask.any()


def test_the_image_shows_what_the_labels_say(frame, monkeypatch):
    """The discs are brighter than the black around them wherever nothing else is changed."""
    switch_off(monkeypatch, *HIDING, "_RELIGHT_SHARE", "_WORN_SHARE", "_BACKGROUND_SHARE")
    for example in examples(frame, 30):
        outside = np.all(example.image == 114, axis=2)
        robot, rest = example.image[example.mask > 200, 1], example.image[(example.mask == 0) & ~outside, 1]
        if len(robot) and len(rest):
            assert np.median(robot) > np.median(rest) + 40


def test_nothing_of_the_robot_reaches_beyond_the_image(frame):
    full = RenderedFrame(frame.image, np.full_like(frame.mask, 255), frame.points, CAMERA)
    for example in examples(full, 30):
        border = np.all(example.image == 114, axis=2)
        if border.mean() > 0.05:
            assert np.all(example.mask[border] == 0) or np.mean(example.mask[border] == 0) > 0.99


def test_backgrounds_do_not_touch_the_robot(frame, monkeypatch):
    switch_off(monkeypatch, *HIDING, "_RELIGHT_SHARE", "_WORN_SHARE")
    monkeypatch.setattr(augmentation, "degraded", lambda image, rng: image)
    monkeypatch.setattr(augmentation, "_BACKGROUND_SHARE", 1.0)
    cores = 0
    for example in examples(frame, 20):
        core = cv2.erode(example.mask, np.ones((5, 5), np.uint8)) == 255
        assert np.all(np.abs(example.image[core] - np.array([250.0, 240.0, 60.0])) <= 1)
        cores += core.sum()
    assert cores > 100


@pytest.mark.parametrize("share", HIDING)
def test_what_stands_before_the_robot_is_taken_from_its_mask(frame, monkeypatch, share):
    """Whatever is painted over the bright discs, the mask is where they are still bright."""
    switch_off(monkeypatch, *HIDING, "_RELIGHT_SHARE", "_WORN_SHARE", "_BACKGROUND_SHARE", "_SENSOR_SHARE")
    monkeypatch.setattr(augmentation, "degraded", lambda image, rng: image)
    monkeypatch.setitem(augmentation._PAINTED, "painted.glare", (0.0,))
    dark = RenderedFrame(np.full_like(frame.image, 9), frame.mask, frame.points, CAMERA)
    plain = [augmented(frame, 6, SIZE, BACKGROUNDS, np.random.default_rng(seed)) for seed in range(40)]
    monkeypatch.setattr(augmentation, share, 1.0)
    covered = 0
    for seed in range(40):
        example = augmented(frame, 6, SIZE, BACKGROUNDS, np.random.default_rng(seed), lambda: dark)
        core = cv2.erode(example.mask, np.ones((3, 3), np.uint8)) > 250
        assert np.all(np.abs(example.image[core] - np.array([250.0, 240.0, 60.0])) <= 2)
        covered += int((example.mask < 128).sum()) - int((plain[seed].mask < 128).sum())
    assert covered > 0


def test_a_robot_on_its_side_is_brought_upright(frame, monkeypatch):
    switch_off(monkeypatch, "_SENSOR_SHARE")
    for turns in range(4):
        rolled = RenderedFrame(frame.image, frame.mask, frame.points, CAMERA, turns)
        for seed in range(10):
            lens = augmented(rolled, 6, SIZE, BACKGROUNDS, np.random.default_rng(seed)).lens
            upright = augmented(frame, 6, SIZE, BACKGROUNDS, np.random.default_rng(seed)).lens
            angle = np.arctan2(lens[1, 0], lens[0, 0]) - np.arctan2(upright[1, 0], upright[0, 0])
            assert abs(np.angle(np.exp(1j * (angle - turns * np.pi / 2)))) < 1e-5


def test_a_point_on_the_last_edge_is_no_mistake(frame, monkeypatch):
    """In double precision it lies inside, in single precision beside the last column."""
    crop = Crop((0.5 * SIZE[0], 0.5 * SIZE[1]), 1.0, SIZE)
    monkeypatch.setattr(augmentation, "draw_pass_input", lambda *_: PassInput(crop, empty_pose_prior(SIZE)))
    edge = RenderedFrame(frame.image, frame.mask, places([(SIZE[0] - 1e-9, 10.0), (5.0, SIZE[1] - 1e-9)]), CAMERA)
    example = augmented(edge, 2, SIZE, BACKGROUNDS, np.random.default_rng(0))
    assert not example.inside.any()
