"""Random PnP problems with known answers."""

from dataclasses import dataclass, replace

import numpy as np
import pytest
import torch
from scipy.spatial.transform import Rotation
from torch import Tensor

from ctr_env.estimators.pnp import PnPSolution, solve_pnp
from ctr_env.geometry import PinholeCamera, look_at
from ctr_env.runs.threads import single_threaded
from ctr_env.scenes.robots.kinematics import RobotKinematics

PANDA = RobotKinematics("panda")


@dataclass(frozen=True)
class Problems:
    pixels: Tensor
    points: Tensor
    weights: Tensor
    intrinsics: Tensor
    true_rotation: Tensor
    true_translation: Tensor

    @property
    def inputs(self) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        return self.pixels, self.points, self.weights, self.intrinsics

    def solve(self, **options) -> PnPSolution:
        return solve_pnp(*self.inputs, **options)

    def error_twists(self, solution: PnPSolution) -> Tensor:
        """``(B, 6)`` as PoseEstimate.covariance counts them."""
        turn = Rotation.from_matrix((self.true_rotation @ solution.rotation.mT).numpy()).as_rotvec()
        return torch.cat([self.true_translation - solution.translation, torch.tensor(turn)], dim=1)

    def __getitem__(self, index) -> "Problems":
        return Problems(*(part[index] for part in vars(self).values()))

    def noisy(self, rng: np.random.Generator, sigma: float) -> "Problems":
        """With Gaussian noise of ``sigma`` px on average, uneven over the points, as the weights say."""
        each = sigma * torch.tensor(rng.uniform(0.5, 1.5, self.weights.shape))
        noise = each[..., None] * torch.tensor(rng.standard_normal(self.pixels.shape))
        return replace(self, pixels=self.pixels + noise, weights=each**-2)


def panda_points(rng: np.random.Generator, frames: int, extra: int) -> np.ndarray:
    """Keypoints of a Panda in random joint configurations, and random points about it."""
    arms = np.clip(PANDA.home + rng.uniform(-0.6, 0.6, (frames, PANDA.n)), PANDA.lower, PANDA.upper)
    cloud = np.concatenate([PANDA.keypoints(q) for q in arms])
    return np.concatenate([cloud, cloud.mean(axis=0) + rng.uniform(-0.4, 0.4, (extra, 3))])


def make(rng: np.random.Generator, count: int, frames: int = 1, extra: int = 0, flatness: float = 1.0) -> Problems:
    """Exact images of clouds, 0.5 to 3 m away, by cameras of 35 to 100 degrees; unit weights.

    Flatness scales the clouds along the thinnest of their directions.
    """
    rows = []
    while len(rows) < count:
        cloud = panda_points(rng, frames, extra)
        centre = cloud.mean(axis=0)
        thin = np.linalg.svd(cloud - centre)[2][2]
        cloud = cloud - (1.0 - flatness) * np.outer((cloud - centre) @ thin, thin)
        camera = PinholeCamera.from_fov(
            rng.uniform(np.radians(35), np.radians(100)), 320, 240, rng.uniform(0.4, 0.6, 2)
        )
        outward = Rotation.from_euler("zy", [rng.uniform(-np.pi, np.pi), rng.uniform(-1.1, 0.3)]).apply([1.0, 0.0, 0.0])
        eye = centre + rng.uniform(0.5, 3.0) * outward
        camera_T_base = look_at(eye, centre + rng.uniform(-0.1, 0.1, 3), rng.uniform(-0.5, 0.5)).inv()
        seen = camera_T_base.apply(cloud)
        if seen[:, 2].min() < 0.1:
            continue
        lens = [camera.fx, camera.fy, camera.cx, camera.cy]
        pose = camera_T_base.as_matrix()
        rows.append((camera.project(seen), cloud, np.ones(len(cloud)), lens, pose[:3, :3], pose[:3, 3]))
    return Problems(*(torch.tensor(np.array(column)) for column in zip(*rows, strict=True)))


@pytest.fixture(scope="session")
def make_problems():
    """The function that makes random problems."""
    return make


@pytest.fixture
def rng():
    return np.random.default_rng(0)


@pytest.fixture(autouse=True)
def one_thread():
    """Small batches are fastest on one thread."""
    with single_threaded():
        yield
