import math

import pytest
import torch

from ctr_env.estimators.ctrnet.decoding import (
    cell_centres,
    expected_deviation,
    expected_position,
    mass_near,
    soft_argmax,
    spatial_softmax,
)

SIZE = (320, 240)
POINTS = torch.tensor(
    [[[160.0, 120.0], [101.37, 77.71], [250.02, 180.9]], [[60.5, 61.25], [99.0, 150.0], [200.3, 60.1]]]
)


def gaussian_logits(points, input_size, cells, sigma_px=8.0):
    """Logits of Gaussians around points, by the rule that cell (i, j) lies at ((j + 0.5) W / w, (i + 0.5) H / h)."""
    (width, height), (w, h) = input_size, cells
    x = (torch.arange(w, dtype=torch.float64) + 0.5) * width / w
    y = (torch.arange(h, dtype=torch.float64) + 0.5) * height / h
    squared = (y[:, None] - points[..., 1, None, None]) ** 2 + (x - points[..., 0, None, None]) ** 2
    return (-squared / (2 * sigma_px**2)).float()


@pytest.mark.parametrize("cells", [(80, 60), (40, 30), (77, 61), (320, 240)])
def test_a_perfect_heatmap_gives_the_exact_keypoint(cells):
    found = soft_argmax(gaussian_logits(POINTS, SIZE, cells), SIZE)
    assert found.shape == (2, 3, 2)
    assert (found - POINTS).abs().max() < 0.01


def test_a_single_cell_gives_its_centre():
    logits = torch.full((1, 1, 6, 8), -100.0)
    logits[0, 0, 0, 7] = 100.0
    assert torch.equal(soft_argmax(logits, (80, 30))[0, 0], torch.tensor([75.0, 2.5]))


def test_a_flat_heatmap_gives_the_middle_of_the_image():
    found = soft_argmax(torch.zeros(1, 2, 62, 82), (323, 241))
    torch.testing.assert_close(found, torch.tensor([161.5, 120.5]).expand(1, 2, 2))


def test_half_precision_logits_keep_subpixel_keypoints():
    found = soft_argmax(gaussian_logits(POINTS, SIZE, (80, 60)).half(), SIZE)
    assert found.dtype == torch.float32
    assert (found - POINTS).abs().max() < 0.05


def test_automatic_half_precision_does_not_round_pixels():
    logits = gaussian_logits(POINTS, SIZE, (80, 60))
    with torch.autocast("cpu", dtype=torch.bfloat16):
        found = soft_argmax(logits, SIZE)
    assert (found - POINTS).abs().max() < 0.01


def test_keypoints_follow_the_heatmap_by_its_gradient():
    logits = gaussian_logits(POINTS, SIZE, (80, 60)).requires_grad_()
    soft_argmax(logits, SIZE)[0, 1, 0].backward()
    right, left = logits.grad[0, 1, 19, 27], logits.grad[0, 1, 19, 23]
    assert right > 0 > left
    assert logits.grad[1].count_nonzero() == 0


def test_cell_centres_tile_the_image():
    torch.testing.assert_close(cell_centres(4, 320), torch.tensor([40.0, 120.0, 200.0, 280.0]))


def test_deviation_and_mass_are_those_of_the_gaussian():
    sigma = 8.0
    columns, rows = cell_centres(160, 320), cell_centres(120, 240)
    probabilities = spatial_softmax(gaussian_logits(POINTS, SIZE, (160, 120), sigma))
    points = expected_position(probabilities, columns, rows)
    deviation = expected_deviation(probabilities, columns, rows, points)
    torch.testing.assert_close(deviation, torch.full((2, 3), sigma * math.sqrt(2 / math.pi)), rtol=0.01, atol=0.0)
    mass = mass_near(probabilities, columns, rows, points, 16.0)
    torch.testing.assert_close(mass, torch.full((2, 3), 1 - math.exp(-2)), rtol=0.02, atol=0.0)  # two sigma
