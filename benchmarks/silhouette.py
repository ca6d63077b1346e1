"""Time of differentiable silhouettes, forward and backward, by the number of faces; beside a dense soft rasteriser.

    python benchmarks/silhouette.py [--robot panda] [--repeats 20] [--dense-faces 1000]

320x240 pixels, one image at a time, all cores. The dense rasteriser is the textbook's (SoftRas, arXiv 1904.01786):
the signed distance of every pixel from every projected triangle, a sigmoid of it, the product over triangles. Its time
is measured for ``--dense-faces`` triangles and is proportional to their number; it has no self-made short cuts.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor
from torch.utils.checkpoint import checkpoint

from ctr_env.estimators.silhouette.renderer import SilhouetteRenderer
from ctr_env.geometry import PinholeCamera, look_at
from ctr_env.scenes.robots.kinematics import RobotKinematics
from ctr_env.scenes.robots.surfaces import robot_surface

WIDTH, HEIGHT = 320, 240
FACES = (2500, 5000, 10_000, 20_000)
SIGMA = 1.0  # px: softness of the dense rasteriser's edges


def seen(robot: str, faces: int) -> tuple[SilhouetteRenderer, Tensor, Tensor, Tensor]:
    """A renderer, vertices in the camera frame, intrinsics and triangles of a robot that fills the image."""
    kinematics = RobotKinematics(robot)
    surface = robot_surface(kinematics.robot, faces)
    middle = kinematics.keypoints(kinematics.home).mean(axis=0)
    pose = look_at(middle + np.array([1.1, 0.5, 0.3]), middle, 0.0).inv()
    vertices = pose.apply(surface.posed(kinematics, kinematics.home))
    c = PinholeCamera.from_fov(1.0, WIDTH, HEIGHT)
    renderer = SilhouetteRenderer(surface.faces, surface.edges, surface.edge_faces, (WIDTH, HEIGHT))
    lens = torch.tensor([[c.fx, c.fy, c.cx, c.cy]], dtype=torch.float32)
    return renderer, torch.from_numpy(vertices.astype(np.float32))[None], lens, torch.from_numpy(surface.faces)


def dense(vertices: Tensor, lens: Tensor, faces: Tensor, chunk: int = 64) -> Tensor:
    """``(H, W)`` soft mask by every pixel's distance from every triangle."""
    projected = vertices[0, :, :2] / vertices[0, :, 2:] * lens[0, :2] + lens[0, 2:]
    y, x = torch.meshgrid(torch.arange(HEIGHT) + 0.5, torch.arange(WIDTH) + 0.5, indexing="ij")
    pixels = torch.stack([x, y], dim=-1)
    uncovered = torch.zeros(HEIGHT, WIDTH)

    def logs(corners: Tensor) -> Tensor:
        return torch.nn.functional.logsigmoid(-_signed_distances(pixels, corners) / SIGMA).sum(dim=0)

    for start in range(0, len(faces), chunk):
        part = projected[faces[start : start + chunk]]
        uncovered = uncovered + checkpoint(logs, part, use_reentrant=False)
    return 1.0 - torch.exp(uncovered)


def _signed_distances(pixels: Tensor, corners: Tensor) -> Tensor:
    """``(F, H, W)`` distance of pixels from triangles ``(F, 3, 2)``, positive inside."""
    a, b = corners, corners.roll(-1, dims=1)
    along = (b - a)[:, :, None, None]
    offset = pixels - a[:, :, None, None]
    share = ((offset * along).sum(-1) / along.square().sum(-1).clamp(min=1e-12)).clamp(0.0, 1.0)
    distance = (offset - share[..., None] * along).square().sum(-1).clamp(min=1e-12).sqrt().amin(dim=1)
    side = along[..., 0] * offset[..., 1] - along[..., 1] * offset[..., 0]
    inside = (side >= 0).all(dim=1) | (side <= 0).all(dim=1)
    return torch.where(inside, distance, -distance)


def median_ms(work: Callable[[], None], repeats: int) -> float:
    work()
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        work()
        times.append(1e3 * (time.perf_counter() - start))
    return statistics.median(times)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--robot", default="panda")
    parser.add_argument("--repeats", type=int, default=20)
    parser.add_argument("--dense-faces", type=int, default=1000)
    options = parser.parse_args()
    weight = torch.rand(HEIGHT, WIDTH, generator=torch.Generator().manual_seed(0))
    print(f"{options.robot}, {WIDTH}x{HEIGHT}, forward + backward, medians of {options.repeats}")
    found = {}
    for wanted in FACES:
        renderer, vertices, lens, faces = seen(options.robot, wanted)
        vertices.requires_grad_(True)

        def ours(renderer: SilhouetteRenderer = renderer, vertices: Tensor = vertices, lens: Tensor = lens) -> None:
            (renderer(vertices, lens)[0] * weight).sum().backward()

        found[len(faces)] = median_ms(ours, options.repeats)
        print(
            f"{len(faces):6} faces  {found[len(faces)]:7.1f} ms   {1e3 * found[len(faces)] / len(faces):.2f} us a face"
        )
    _, vertices, lens, faces = seen(options.robot, 10_000)
    some = faces[torch.randperm(len(faces), generator=torch.Generator().manual_seed(0))[: options.dense_faces]]
    vertices.requires_grad_(True)
    slow = median_ms(lambda: (dense(vertices, lens, some) * weight).sum().backward(), 1)
    whole = slow * len(faces) / len(some)
    here = found[len(faces)]
    print(f"dense soft rasteriser: {slow:.0f} ms for {len(some)} faces, so {whole:.0f} ms for {len(faces)}")
    print(f"{whole / here:.0f} times as long as ours")


if __name__ == "__main__":
    main()
