"""Time of the batched PnP: one solution of a window of keypoints, and training steps beside a loop over the samples.

The loop is what differentiable PnP is commonly built as: OpenCV solves sample by sample, and in the backward pass each
row of the Hessian of the reprojection error is one pass of automatic differentiation. Both take turns in one process
and one thread; medians are printed, and how far the two disagree.
"""

import argparse
import itertools
import time
from collections.abc import Callable

import cv2
import numpy as np
import torch
from scipy.spatial.transform import Rotation
from torch import Tensor

from ctr_env.estimators.pnp import solve_pnp
from ctr_env.geometry import PinholeCamera, look_at
from ctr_env.scenes.robots.kinematics import RobotKinematics

_CAMERA = PinholeCamera.from_fov(np.radians(60), 320, 240)


def windows(count: int, frames: int, noise_px: float, seed: int) -> tuple[Tensor, Tensor]:
    """``(count, K, 2)`` noisy pixels and ``(count, K, 3)`` keypoints of a Panda, from random views and arm poses."""
    rng = np.random.default_rng(seed)
    kinematics = RobotKinematics("panda")
    pixels, points = [], []
    for _ in range(count):
        arms = kinematics.home + rng.uniform(-0.5, 0.5, (frames, kinematics.n))
        cloud = np.concatenate([kinematics.keypoints(q) for q in arms])
        outward = Rotation.from_euler("z", rng.uniform(-1.5, 1.5)).apply([1.4, 0.0, 0.5])
        camera_T_base = look_at(cloud.mean(axis=0) + outward, cloud.mean(axis=0), rng.uniform(-0.3, 0.3)).inv()
        seen = _CAMERA.project(camera_T_base.apply(cloud))
        pixels.append(seen + noise_px * rng.standard_normal(seen.shape))
        points.append(cloud)
    return torch.tensor(np.array(pixels)), torch.tensor(np.array(points))


class LoopPnP(torch.autograd.Function):
    """PnP sample by sample: OpenCV forward, one pass of automatic differentiation per pose parameter backward."""

    @staticmethod
    def forward(ctx, pixels, points):
        poses = []
        for x, X in zip(pixels.detach().numpy(), points.numpy(), strict=True):
            _, r, t = cv2.solvePnP(X, x, _CAMERA.matrix, None, flags=cv2.SOLVEPNP_SQPNP)
            _, r, t = cv2.solvePnP(X, x, _CAMERA.matrix, None, r, t, True, cv2.SOLVEPNP_ITERATIVE)
            poses.append(np.concatenate([r.ravel(), t.ravel()]))
        poses = torch.tensor(np.array(poses))
        ctx.save_for_backward(pixels.detach(), points, poses)
        return poses

    @staticmethod
    def backward(ctx, by_poses):
        grads = []
        for x, X, pose, by_pose in zip(*ctx.saved_tensors, by_poses, strict=True):
            with torch.enable_grad():
                x, pose = x.requires_grad_(), pose.requires_grad_()
                cost = 0.5 * (project(pose, X) - x).square().sum()
                (force,) = torch.autograd.grad(cost, pose, create_graph=True)
                rows = [torch.autograd.grad(part, (pose, x), retain_graph=True) for part in force]
            by_pose_rows, by_pixel_rows = (torch.stack(parts) for parts in zip(*rows, strict=True))
            by_pixels = -torch.linalg.inv(by_pose_rows) @ by_pixel_rows.flatten(1)
            grads.append((by_pose @ by_pixels).view_as(x))
        return torch.stack(grads), None


def project(pose: Tensor, points: Tensor) -> Tensor:
    """``(K, 2)`` pixels of points seen from a pose: rotation vector, translation."""
    angle = pose[:3].norm()
    axis = (pose[:3] / angle).expand_as(points)
    across = torch.linalg.cross(axis, points)
    turned = points + torch.sin(angle) * across + (1.0 - torch.cos(angle)) * torch.linalg.cross(axis, across)
    seen = turned + pose[3:]
    focal, centre = torch.tensor([_CAMERA.fx, _CAMERA.fy]), torch.tensor([_CAMERA.cx, _CAMERA.cy])
    return seen[:, :2] / seen[:, 2:] * focal + centre


def milliseconds(step: Callable[[], object]) -> float:
    start = time.perf_counter()
    step()
    return 1e3 * (time.perf_counter() - start)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--frames", type=int, default=4, help="frames of seven keypoints that share one pose")
    parser.add_argument("--noise-px", type=float, default=2.0)
    parser.add_argument("--rounds", type=int, default=20)
    options = parser.parse_args()
    torch.set_num_threads(1)  # threads that wait for each other cost tiny operations more than they give
    pixels, points = windows(options.batch, options.frames, options.noise_px, seed=0)
    weights = torch.full(points.shape[:2], options.noise_px**-2, dtype=torch.float64)
    intrinsics = torch.tensor([[_CAMERA.fx, _CAMERA.fy, _CAMERA.cx, _CAMERA.cy]]).expand(options.batch, -1)
    pull = torch.randn(options.batch, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64)

    def alone(robust: bool) -> None:
        i = next(turns) % options.batch
        with torch.inference_mode():
            solve_pnp(pixels[i : i + 1], points[i : i + 1], weights[i : i + 1], intrinsics[i : i + 1], robust=robust)

    def gradient(solve: Callable[[Tensor], Tensor]) -> Tensor:
        x = pixels.clone().requires_grad_()
        (solve(x) * pull).sum().backward()
        return x.grad

    jobs = {
        "one window": lambda: alone(robust=False),
        "one window, robust": lambda: alone(robust=True),
        "batch, forward and backward": lambda: gradient(
            lambda x: solve_pnp(x, points, weights, intrinsics).translation
        ),
        "loop, forward and backward": lambda: gradient(lambda x: LoopPnP.apply(x, points)[:, 3:]),
    }
    turns = itertools.count()
    times: dict[str, list[float]] = {name: [] for name in jobs}
    for n in range(options.rounds + 1):
        for name, job in jobs.items():
            value = milliseconds(job)
            if n:  # the first warms up
                times[name].append(value)
    print(f"{options.batch} windows of {points.shape[1]} points, {options.noise_px} px noise, one thread")
    for name, values in times.items():
        print(f"  {name:28} {np.median(values):8.2f} ms")
    batch, loop = (np.array(times[name]) for name in list(jobs)[2:])
    print(f"  loop / batch                 {np.median(loop / batch):8.1f}  (median of {options.rounds} pairs)")
    batch, loop = (job() for job in list(jobs.values())[2:])
    print(f"  gradients differ by          {float((batch - loop).norm() / loop.norm()):8.1e}  (relative)")


if __name__ == "__main__":
    main()
