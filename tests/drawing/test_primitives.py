import numpy as np

from ctr_env.drawing.primitives import draw_disc, draw_line, draw_mask_boundary

RED = (255, 0, 0)


def canvas():
    return np.zeros((40, 60, 3), np.uint8)


def centre(image):
    """Continuous coordinates of the centre of what is drawn in red."""
    weights = image[..., 0].astype(float)
    rows, columns = np.indices(weights.shape)
    return (np.array([(columns * weights).sum(), (rows * weights).sum()]) / weights.sum()) + 0.5


def test_discs_are_centred_at_continuous_pixels():
    for pixel in ([30.0, 20.0], [30.25, 20.5], [12.75, 9.0]):
        image = canvas()
        draw_disc(image, np.array(pixel), 4, RED)
        np.testing.assert_allclose(centre(image), pixel, atol=0.1)


def test_lines_have_their_ends_at_continuous_pixels():
    image = canvas()
    draw_line(image, np.array([10.5, 20.5]), np.array([30.5, 20.5]), RED, 1)
    assert (image[20, 11:30, 0] > 200).all()
    assert not image[:18].any() and not image[23:].any() and not image[:, 33:].any()


def test_points_that_are_not_finite_are_not_drawn():
    image = canvas()
    for bad in (np.nan, np.inf, 1e6):
        draw_disc(image, np.array([bad, 10.0]), 3, RED)
        draw_line(image, np.array([5.0, 5.0]), np.array([bad, 10.0]), RED, 1)
    assert not image.any()


def test_boundaries_of_smaller_masks_are_drawn_at_the_canvas_scale():
    mask = np.zeros((20, 30), bool)
    mask[5:15, 5:20] = True
    image = canvas()
    draw_mask_boundary(image, mask, RED)
    rows, columns = np.nonzero(image[..., 0] > 200)
    assert (rows.min(), rows.max(), columns.min(), columns.max()) == (10, 29, 10, 39)
    assert not image[13:27, 13:37].any()
