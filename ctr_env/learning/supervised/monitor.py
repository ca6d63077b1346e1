"""TensorBoard curves of a training, and overlays of predictions on examples."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType

import numpy as np
import torch
from numpy.typing import NDArray

from ctr_env.drawing.contact_sheet import Row, Tile, contact_sheet
from ctr_env.estimators.ctrnet.output import NetworkOutput

from .batch import Batch

__all__ = ["Monitor", "overlays"]

_GREEN, _RED, _BLUE = (40, 220, 60), (235, 40, 40), (50, 90, 255)


class Monitor:
    """Writes TensorBoard files."""

    def __init__(self, folder: Path) -> None:
        """Write to a folder; the curves of an earlier run there are continued."""
        from torch.utils.tensorboard import SummaryWriter

        self._writer = SummaryWriter(str(folder))
        self._values: dict[str, list[float]] = {}

    def step(self, step: int, parts: dict[str, float], every: int = 20) -> None:
        """Record the loss of a step; the mean of ``every`` steps is one point of the curves."""
        for name, value in parts.items():
            values = self._values.setdefault(name, [])
            values.append(value)
            if len(values) == every:
                self._writer.add_scalar(f"training/{name}", sum(values) / every, step)
                values.clear()

    def images(self, step: int, batch: Batch, output: NetworkOutput) -> None:
        """Add a sheet of overlays."""
        tiles = [Tile(image) for image in overlays(batch, output)]
        height, width = tiles[0].image.shape[:2]
        sheet = contact_sheet([Row(tiles)], (width, height))
        self._writer.add_image("examples", sheet, step, dataformats="HWC")

    def __enter__(self) -> Monitor:
        """The monitor itself."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Close the files."""
        self._writer.close()


def overlays(batch: Batch, output: NetworkOutput) -> NDArray[np.uint8]:
    """``(B, h, w, 3)`` uint8 examples with the predicted mask in green, true points in blue, predicted ones in red."""
    images = batch.images.permute(0, 2, 3, 1).cpu().numpy().copy()
    masks = (torch.sigmoid(output.mask_logits.float()) > 0.5)[:, 0].cpu().numpy()
    images[masks] = (0.6 * images[masks] + 0.4 * np.array(_GREEN)).astype(np.uint8)
    seen = batch.seen.cpu().numpy()
    for pixels, colour in ((batch.pixels, _BLUE), (output.keypoints_px, _RED)):
        places = pixels.cpu().numpy().astype(int)
        for image, points, shown in zip(images, places, seen, strict=True):
            for x, y in points[shown]:
                image[max(y - 1, 0) : y + 2, max(x - 1, 0) : x + 2] = colour
    return images
