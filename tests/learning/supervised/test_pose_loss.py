import math

import pytest
import torch

from ctr_env.estimators.ctrnet.output import NetworkOutput
from ctr_env.learning.supervised.batch import Batch
from ctr_env.learning.supervised.pose_loss import pose_loss

CHAIN = 7


@pytest.fixture
def batch():
    """Points before two cameras: one as it is, one turned and zoomed by a crop."""
    rng = torch.Generator().manual_seed(0)
    points = torch.rand(2, 12, 3, generator=rng) * 0.8 - 0.4 + torch.tensor([0.1, 0.0, 1.6])
    c, s = 260.0 * math.cos(0.3), 260.0 * math.sin(0.3)
    lenses = torch.tensor([[[200.0, 0.0, 128.0], [0.0, 200.0, 96.0]], [[c, -s, 110.0], [s, c, 70.0]]])
    pixels = torch.einsum("bij,bkj->bki", lenses, points / points[..., 2:])
    everywhere = torch.ones(2, 12, dtype=torch.bool)
    images = torch.zeros(2, 3, 192, 256, dtype=torch.uint8)
    return Batch(images, images, images[:, :1].float(), pixels, everywhere, everywhere, points, lenses)


def answer(pixels, confidence=5.0):
    known = torch.zeros(pixels.shape[:2])
    return NetworkOutput(torch.zeros(2, 1, 192, 256), pixels, known + confidence, known, torch.zeros(2, 12, 48, 64))


def test_true_places_give_the_true_pose(batch):
    assert pose_loss(answer(batch.pixels), batch, CHAIN) < 1e-3


def test_errors_that_all_points_share_count_more_than_as_large_ones_that_cancel(batch):
    signs = torch.tensor([1.0, -1.0]).repeat(6)[:, None]
    together = pose_loss(answer(batch.pixels + 3.0), batch, CHAIN)
    apart = pose_loss(answer(batch.pixels + 3.0 * signs), batch, CHAIN)
    assert together > apart > 0.01
    assert together > 0.2


def test_its_gradient_leads_to_the_true_pose(batch):
    noise = torch.randn(2, 12, 2, generator=torch.Generator().manual_seed(1))
    places = (batch.pixels + 2.0 + noise).requires_grad_()
    before = pose_loss(answer(places), batch, CHAIN)
    before.backward()
    assert places.grad.isfinite().all()
    after = pose_loss(answer(places.detach() - 20.0 * places.grad), batch, CHAIN)
    assert after < before - 0.01


def test_points_that_nobody_sees_or_believes_in_do_not_matter(batch):
    hidden = torch.arange(12) == 4
    output = answer(torch.where(hidden[:, None], batch.pixels + 40.0, batch.pixels))
    partial = batch._replace(seen=batch.seen & ~hidden)
    doubted = output._replace(confidence_logits=torch.where(hidden, -5.0, 5.0).expand(2, 12))
    assert pose_loss(doubted, partial, CHAIN) < 1e-3
    assert pose_loss(output, partial, CHAIN) > 0.05


def test_the_true_pose_is_found_through_a_lens_with_distortion(batch):
    """Pixels are displaced by up to twenty pixels; the true prediction has no loss, and its gradient none either."""
    radius = (batch.points[..., :2] / batch.points[..., 2:]).square().sum(dim=-1, keepdim=True)
    distorted = batch.points[..., :2] / batch.points[..., 2:] * (1.0 - 0.5 * radius)
    ones = torch.ones_like(distorted[..., :1])
    pixels = torch.einsum("bij,bkj->bki", batch.lenses, torch.cat([distorted, ones], dim=-1))
    assert (pixels - batch.pixels).abs().max() > 5.0
    assert pose_loss(answer(pixels), batch._replace(pixels=pixels), CHAIN) < 1e-3
    assert pose_loss(answer(pixels + 3.0), batch._replace(pixels=pixels), CHAIN) > 0.2
