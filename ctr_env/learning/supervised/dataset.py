"""Training examples by number for a data loader: an example depends on its number and the seed alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import cv2
import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset, Sampler

from ctr_env.datasets.synthetic.backgrounds import Backgrounds

from .augmentation import augmented
from .batch import example_tensors
from .rendered_frame import RenderedFrame
from .sources import FrameSource

__all__ = ["ExampleDataset", "NumberedBatches", "start_worker"]

_OTHERS = 1000  # frames among the next of which a second robot is found


class ExampleDataset(Dataset[list[Tensor]]):
    """Augmented examples; an index is ``(number, width, height)``.

    The source is made in the process that uses it, since a simulator cannot be sent to another process.
    """

    def __init__(self, source: Callable[[], FrameSource], chain: int, backgrounds: Backgrounds, seed: int) -> None:
        """Examples of a source's frames.

        Args:
            source: Makes the source of frames.
            chain: Number of keypoints along the kinematic chain, which come first among the points.
            backgrounds: Images to put behind the robot.
            seed: Seed of all augmentation.
        """
        self._make_source = source
        self._source: FrameSource | None = None
        self._chain = chain
        self._backgrounds = backgrounds
        self._seed = seed

    def __getitem__(self, index: tuple[int, int, int]) -> list[Tensor]:
        """One example as tensors in the order of :class:`~.batch.Batch`."""
        if self._source is None:
            self._source = self._make_source()
        source, (number, width, height) = self._source, index
        rng = np.random.default_rng([self._seed, number])

        def another() -> RenderedFrame:
            return source.frame(number + int(rng.integers(1, _OTHERS)))

        frame = source.frame(number)
        example = augmented(frame, self._chain, (width, height), self._backgrounds, rng, another)
        return example_tensors(example)


class NumberedBatches(Sampler[list[tuple[int, int, int]]]):
    """Batches of consecutive examples; a resumed training gets the examples of an uninterrupted one."""

    def __init__(self, first: int, batch: int, size_at: Callable[[int], tuple[int, int]], stride: int = 1) -> None:
        """Batches number ``first``, ``first + stride``, and so on without end.

        Args:
            first: Number of the first batch.
            batch: Examples in a batch.
            size_at: Width and height of the examples of a step.
            stride: Number of processes that share the batches; each step takes one for every process.
        """
        self._first = first
        self._batch = batch
        self._size_at = size_at
        self._stride = stride

    def __iter__(self) -> Iterator[list[tuple[int, int, int]]]:
        """Indices of the examples, batch by batch."""
        number = self._first
        while True:
            width, height = self._size_at(number // self._stride)
            yield [(number * self._batch + i, width, height) for i in range(self._batch)]
            number += self._stride


def start_worker(_: int) -> None:
    """Restrict a data loader's worker to one thread, which leaves the other cores to the training."""
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
