"""Examples by number, for a data loader: the same number gives the same example, whoever asks and whenever."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

import cv2
import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset, Sampler

from ctr_env.datasets.synthetic.backgrounds import Backgrounds

from .augmentation import augmented
from .sources import FrameSource

__all__ = ["Batch", "ExampleDataset", "NumberedBatches", "start_worker"]


class Batch(NamedTuple):
    """Examples that a network sees together, all of one size."""

    images: Tensor
    """``(B, 3, h, w)`` uint8 RGB."""
    priors: Tensor
    """``(B, 3, h, w)`` uint8 sketches."""
    masks: Tensor
    """``(B, 1, h, w)`` float32 in [0, 1]."""
    pixels: Tensor
    """``(B, K, 2)`` float32 input pixels."""
    inside: Tensor
    """``(B, K)`` bool."""
    seen: Tensor
    """``(B, K)`` bool."""
    points: Tensor
    """``(B, K, 3)`` float32 camera-frame points, metres."""
    lenses: Tensor
    """``(B, 2, 3)`` float32 from normalised camera coordinates to input pixels."""


class ExampleDataset(Dataset[list[Tensor]]):
    """Augmented examples; an index is ``(number, width, height)``.

    The source is made where it is used: a simulator cannot be sent to another process.
    """

    def __init__(self, source: Callable[[], FrameSource], chain: int, backgrounds: Backgrounds, seed: int) -> None:
        """Examples of a source's frames.

        Args:
            source: Makes the source of frames.
            chain: Number of the first points that follow each other along the arm.
            backgrounds: What may stand behind the robot.
            seed: Seed of all augmentation.
        """
        self._make_source = source
        self._source: FrameSource | None = None
        self._chain = chain
        self._backgrounds = backgrounds
        self._seed = seed

    def __getitem__(self, index: tuple[int, int, int]) -> list[Tensor]:
        """One example: image, hint, mask, pixels, inside, seen, points, lens."""
        if self._source is None:
            self._source = self._make_source()
        number, width, height = index
        rng = np.random.default_rng([self._seed, number])
        example = augmented(self._source.frame(number), self._chain, (width, height), self._backgrounds, rng)
        return [
            torch.from_numpy(example.image).permute(2, 0, 1),
            torch.from_numpy(example.prior).permute(2, 0, 1),
            torch.from_numpy(example.mask)[None].float() / 255.0,
            *map(torch.from_numpy, (example.pixels, example.inside, example.seen, example.points, example.lens)),
        ]


class NumberedBatches(Sampler[list[tuple[int, int, int]]]):
    """Batches of consecutive examples from a step on, so that a resumed training sees what it would have seen."""

    def __init__(self, first: int, batch: int, size_at: Callable[[int], tuple[int, int]], stride: int = 1) -> None:
        """Batches number ``first``, ``first + stride``, … without end.

        Args:
            first: Batch to begin with.
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
    """Leave the cores to the training."""
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
