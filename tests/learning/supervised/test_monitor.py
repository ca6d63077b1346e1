import numpy as np
import pytest
import torch

from ctr_env.estimators.ctrnet.output import NetworkOutput
from ctr_env.learning.supervised.batch import Batch
from ctr_env.learning.supervised.monitor import Monitor, overlays


@pytest.fixture
def seen():
    """Two grey images with a mask on the left half and two points, the second one hidden; and an answer to them."""
    pixels = torch.tensor([[[5.0, 6.0], [20.0, 10.0]]] * 2)
    inside = torch.ones(2, 2, dtype=torch.bool)
    shown = torch.tensor([[True, False]] * 2)
    images = torch.full((2, 3, 24, 32), 100, dtype=torch.uint8)
    unused = torch.zeros(2, 2, 3)
    batch = Batch(images, images, torch.zeros(2, 1, 24, 32), pixels, inside, shown, unused, unused)
    mask = torch.full((2, 1, 24, 32), -5.0)
    mask[..., :16] = 5.0
    zeros = torch.zeros(2, 2)
    return batch, NetworkOutput(mask, pixels + 8.0, zeros, zeros, torch.zeros(2, 2, 6, 8))


def test_overlays_show_mask_and_points(seen):
    images = overlays(*seen)
    assert images.shape == (2, 24, 32, 3)
    assert np.all(images[0, 20, 20] == 100)
    red, green, blue = images[0, 20, 3].astype(int)
    assert green > red + 20
    assert green > blue + 20
    assert np.argmax(images[0, 6, 5]) == 2  # true
    assert np.argmax(images[0, 14, 13]) == 0  # found
    assert np.all(images[0, 10, 20] == 100)  # hidden
    assert np.all(seen[0].images.numpy() == 100)


def test_curves_are_means_and_images_are_sheets(seen, tmp_path):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    with Monitor(tmp_path) as monitor:
        for step in range(1, 6):
            monitor.step(step, {"loss": float(step)}, every=2)
        monitor.images(4, *seen)
    events = EventAccumulator(str(tmp_path)).Reload()
    assert [(event.step, event.value) for event in events.Scalars("training/loss")] == [(2, 1.5), (4, 3.5)]
    (image,) = events.Images("examples")
    assert (image.width, image.height) == (70, 24)  # two tiles and a gap
