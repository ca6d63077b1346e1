from itertools import islice

import numpy as np
import torch

from ctr_env.datasets.synthetic.backgrounds import Backgrounds
from ctr_env.geometry import PinholeCamera
from ctr_env.learning.supervised.dataset import ExampleDataset, NumberedBatches
from ctr_env.learning.supervised.rendered_frame import RenderedFrame
from ctr_env.learning.supervised.sources import FrameSource

CAMERA = PinholeCamera.from_fov(1.0, 64, 48)


class Counting(FrameSource):
    """Frames that are all alike, and how many were asked for."""

    made = 0

    def __init__(self):
        type(self).made += 1

    def frame(self, index):
        mask = np.zeros((48, 64), np.uint8)
        mask[10:40, 20:50] = 255
        return RenderedFrame(
            np.full((48, 64, 3), index, np.uint8), mask, np.array([(0.0, 0.1, 1.0), (5.0, 0.0, 1.0)]), CAMERA
        )


def test_an_example_belongs_to_its_number_and_seed():
    one, same, other = (ExampleDataset(Counting, 2, Backgrounds(), seed) for seed in (0, 0, 1))
    assert Counting.made == 0  # a simulator must not be made before the worker has started
    for a, b in zip(one[5, 48, 36], same[5, 48, 36], strict=True):
        assert torch.equal(a, b)
    assert not torch.equal(one[5, 48, 36][0], one[6, 48, 36][0])
    assert not torch.equal(one[5, 48, 36][0], other[5, 48, 36][0])
    image, prior, mask, pixels, inside, seen, points, lens = one[5, 32, 48]
    assert image.shape == (3, 48, 32)
    assert image.dtype == prior.dtype == torch.uint8
    assert prior.shape == image.shape
    assert mask.shape == (1, 48, 32)
    assert 0.0 <= mask.min() < mask.max() <= 1.0
    assert pixels.shape == (2, 2)
    assert points.shape == (2, 3)
    assert lens.shape == (2, 3)
    assert inside.dtype == seen.dtype == torch.bool
    assert Counting.made == 3  # once for each


def small_at_first(step):
    return (24, 18) if step < 2 else (32, 24)


def test_a_resumed_training_sees_what_it_would_have_seen():
    straight = list(islice(NumberedBatches(0, 3, small_at_first), 6))
    assert straight[:2] == [[(0, 24, 18), (1, 24, 18), (2, 24, 18)], [(3, 24, 18), (4, 24, 18), (5, 24, 18)]]
    assert straight[2][0] == (6, 32, 24)
    assert list(islice(NumberedBatches(4, 3, small_at_first), 2)) == straight[4:]


def test_processes_share_the_batches_of_a_step():
    ranks = [list(islice(NumberedBatches(rank, 2, small_at_first, stride=3), 4)) for rank in range(3)]
    numbers = [number for step in zip(*ranks, strict=True) for batch in step for number, _, _ in batch]
    assert numbers == list(range(24))
    assert all(len({index[1:] for batch in step for index in batch}) == 1 for step in zip(*ranks, strict=True))
