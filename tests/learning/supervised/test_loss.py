import math

import pytest
import torch

from ctr_env.estimators.ctrnet.decoding import cell_centres, soft_argmax
from ctr_env.estimators.ctrnet.output import NetworkOutput
from ctr_env.learning.supervised.batch import Batch
from ctr_env.learning.supervised.loss import supervised_loss

SIZE = WIDTH, HEIGHT = 64, 48
CELL = 4


@pytest.fixture
def batch():
    rng = torch.Generator().manual_seed(0)
    pixels = torch.rand(2, 6, 2, generator=rng) * torch.tensor([40.0, 24.0]) + 12.0
    seen = torch.ones(2, 6, dtype=torch.bool)
    seen[0, 3] = seen[1, 5] = False
    masks = torch.zeros(2, 1, HEIGHT, WIDTH)
    masks[:, :, 10:30, 15:50] = 1.0
    images = torch.zeros(2, 3, HEIGHT, WIDTH, dtype=torch.uint8)
    inside, unused = torch.ones(2, 6, dtype=torch.bool), torch.zeros(2, 6, 3)
    return Batch(images, images, masks, pixels, inside, seen, unused, unused[:, :2])


def logits_of(pixels, sigma=CELL):
    """Logits of Gaussian heatmaps about pixels."""
    x, y = cell_centres(WIDTH // CELL, WIDTH), cell_centres(HEIGHT // CELL, HEIGHT)
    squared = (y[:, None] - pixels[..., 1, None, None]) ** 2 + (x - pixels[..., 0, None, None]) ** 2
    return -0.5 * squared / sigma**2


def answer(batch, pixels=None, log_scale=-3.0, sure=12.0):
    """What a network gives that finds the points at ``pixels`` and knows mask and visibility."""
    pixels = batch.pixels if pixels is None else pixels
    return NetworkOutput(
        (batch.masks - 0.5) * 2.0 * sure,
        pixels,
        (batch.seen.float() - 0.5) * 2.0 * sure,
        torch.full(batch.seen.shape, log_scale),
        logits_of(pixels),
    )


def test_a_perfect_answer_reaches_the_least_loss(batch):
    parts = supervised_loss(answer(batch), batch)
    gaussian_entropy = 1.0 + math.log(2.0 * math.pi)  # nats, of a standard deviation of one cell in two dimensions
    assert parts["heatmap"] == pytest.approx(gaussian_entropy, abs=0.02)
    assert parts["place"] == pytest.approx(-3.0)  # no smaller scale is believed
    assert parts["confidence"] < 1e-4
    assert parts["mask"] < 1e-3
    assert parts["error_px"] == 0.0
    weighted = 1.0 * parts["heatmap"] + 0.5 * parts["place"] + 0.5 * parts["confidence"] + 8.0 * parts["mask"]
    torch.testing.assert_close(parts["loss"], weighted)


def test_no_other_heatmap_beats_the_true_one(batch):
    best = supervised_loss(answer(batch), batch)["heatmap"]
    for logits in (logits_of(batch.pixels, 2.0), logits_of(batch.pixels, 7.0), logits_of(batch.pixels + 2.0)):
        worse = supervised_loss(answer(batch)._replace(heatmap_logits=logits), batch)["heatmap"]
        assert worse > best + 0.05


def test_descending_the_heatmap_loss_finds_the_points(batch):
    logits = torch.zeros(2, 6, HEIGHT // CELL, WIDTH // CELL, requires_grad=True)
    optimizer = torch.optim.Adam([logits], lr=0.3)
    for _ in range(150):
        optimizer.zero_grad()
        supervised_loss(answer(batch)._replace(heatmap_logits=logits), batch)["heatmap"].backward()
        optimizer.step()
    assert (soft_argmax(logits.detach(), SIZE) - batch.pixels).abs().max() < 0.15


@pytest.mark.parametrize("name", ["heatmap", "place", "confidence", "mask"])
def test_each_part_falls_as_its_own_output_gets_better(batch, name):
    values = []
    for amount in (1.0, 0.6, 0.3, 0.1):
        off, sure = batch.pixels + 6.0 * amount, 6.0 * (1.0 - amount)
        output = answer(batch)
        worse = answer(batch, off, sure=sure)
        field = {"heatmap": 4, "place": 1, "confidence": 2, "mask": 0}[name]
        output = NetworkOutput(*(worse[i] if i == field else output[i] for i in range(5)))
        parts = supervised_loss(output._replace(log_scale=torch.zeros(2, 6)), batch)
        values.append(float(parts[name]))
    assert values == sorted(values, reverse=True)
    assert values[0] > values[-1] + 0.05


def test_the_honest_scale_is_the_mean_absolute_error(batch):
    offset = torch.tensor([3.0, 1.0])  # mean 2 px
    for scale, sign in ((1.0, -1), (2.0, 0), (4.0, 1)):
        log_scale = torch.full((2, 6), math.log(scale), requires_grad=True)
        output = answer(batch, batch.pixels + offset)._replace(log_scale=log_scale)
        supervised_loss(output, batch)["place"].backward()
        gradient = float(log_scale.grad.sum())
        assert gradient == pytest.approx(0.0, abs=1e-5) if sign == 0 else gradient * sign > 0.1


def test_points_outside_the_input_do_not_matter(batch):
    outside = torch.zeros_like(batch.inside)
    outside[:, 2] = True
    partial = batch._replace(inside=~outside, seen=batch.seen & ~outside)
    moved = torch.where(outside[..., None], batch.pixels + 20.0, batch.pixels)
    one = supervised_loss(answer(partial), partial)
    other = supervised_loss(answer(partial, moved), partial)
    for name in ("heatmap", "place", "error_px", "loss"):
        torch.testing.assert_close(one[name], other[name])
    none = batch._replace(inside=torch.zeros_like(outside), seen=torch.zeros_like(outside))
    assert all(torch.isfinite(value) for value in supervised_loss(answer(none), none).values())
