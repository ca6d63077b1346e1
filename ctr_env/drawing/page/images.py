"""Images inside a page: a strip to flick through."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from html import escape

import cv2
import numpy as np
from numpy.typing import NDArray

from .markup import element

__all__ = ["data_uri", "image_strip", "image_uri"]


def data_uri(kind: str, content: bytes) -> str:
    """Content of a media type as a ``data:`` address."""
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"


def image_uri(image: NDArray[np.uint8], width: int, quality: int = 80) -> str:
    """An ``(H, W, 3)`` uint8 RGB image as a JPEG of at most ``width`` pixels, as a ``data:`` address."""
    if image.shape[1] > width:
        height = round(image.shape[0] * width / image.shape[1])
        image = np.asarray(cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA), dtype=np.uint8)
    _, code = cv2.imencode(".jpg", image[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])
    return data_uri("image/jpeg", code.tobytes())


def image_strip(label: str, images: Sequence[tuple[str, str, str]]) -> str:
    """Images side by side, one at a time in view: they are scrolled, swiped or moved through with the arrow keys.

    Args:
        label: What they show, for readers who do not see it.
        images: ``data:`` address, what the image shows, and caption of each.
    """
    figures = [
        element("figure", element("img", src=uri, alt=text, loading="lazy"), element("figcaption", escape(caption)))
        for uri, text, caption in images
    ]
    return element("div", *figures, class_="strip", tabindex="0", role="region", aria_label=label)
