"""The mask is the union of what is seen, and its gradient that of a much finer one."""

import cv2
import numpy as np
import pytest
import torch
from scipy.spatial.transform import Rotation
from torch.nn import functional

from ctr_env.estimators.silhouette.contour import Lens, silhouette
from ctr_env.estimators.silhouette.renderer import SilhouetteRenderer
from ctr_env.geometry import PinholeCamera, look_at, transform
from ctr_env.scenes.robots.kinematics import RobotKinematics
from ctr_env.scenes.robots.surfaces import robot_surface

SIZE = (160, 120)


class Views:
    """A robot seen from anywhere, whole or in part."""

    def __init__(self, robot, seed=0, faces=3000, size=SIZE):
        self.size = size
        self.kinematics, self.rng = RobotKinematics(robot), np.random.default_rng(seed)
        self.surface = robot_surface(self.kinematics.robot, faces)

    def renderer(self, detail=1):
        return SilhouetteRenderer(self.surface.faces, self.surface.edges, self.surface.edge_faces, self.size, detail)

    def vertices(self, q):
        """``(V, 3)`` in the base frame."""
        return torch.from_numpy(self.surface.posed(self.kinematics, q.numpy()))

    def draw(self, nearest=0.5):
        """Joint positions, rotation, translation and intrinsics of a view."""
        k, rng = self.kinematics, self.rng
        q = k.home + rng.uniform(-0.5, 0.5, k.n)
        middle = k.keypoints(q).mean(axis=0)
        azimuth, elevation = rng.uniform(-1.5, 1.5), rng.uniform(0.0, 0.6)
        away = rng.uniform(nearest, 1.6) * np.array([np.cos(azimuth), np.sin(azimuth), elevation])
        pose = look_at(middle + away, middle + rng.normal(0.0, 0.15, 3), rng.uniform(-0.3, 0.3)).inv()
        c = PinholeCamera.from_fov(rng.uniform(0.8, 1.4), *self.size, rng.uniform(0.4, 0.6, 2))
        return [torch.from_numpy(np.asarray(part, float)) for part in (q, pose.rotation.as_matrix(), pose.translation,
                                                                      [c.fx, c.fy, c.cx, c.cy])]  # fmt: skip


def smooth(rng, size=SIZE):
    """A image without edges, to weigh masks with."""
    coarse = torch.from_numpy(rng.normal(size=(1, 1, 7, 9)))
    return functional.interpolate(coarse, size=size[::-1], mode="bicubic")[0, 0]


def rotation(omega):
    x, y, z = omega.unbind()
    zero = torch.zeros_like(x)
    return torch.matrix_exp(torch.stack([zero, -z, y, z, zero, -x, -y, x, zero]).view(3, 3))


def loss_of(views, renderer, view, weight):
    """A loss by 6 pose and 4 intrinsic parameters, all zero at the view."""
    q, R, t, lens = view
    points = views.vertices(q)

    def loss(x):
        moved = (points @ R.T) @ rotation(x[3:6]).T + t + x[:3]
        intrinsics = lens * (1.0 + x[6:])
        return (renderer(moved[None], intrinsics[None])[0] * weight).sum()

    return loss, 10


def pull(views, renderer, view, size):
    """The difference of two masks, made smooth: what a fit of one to the other weighs a mask with."""
    drawn = []

    def keep(points, lens):
        drawn.append(renderer(points, lens))
        return drawn[-1]

    loss, count = loss_of(views, keep, view, 1.0)
    away = torch.zeros(count, dtype=torch.float64)
    away[:6] = torch.from_numpy(views.rng.normal(0.0, 0.03, 6))
    with torch.no_grad():
        loss(torch.zeros_like(away))
        loss(away)
    return torch.from_numpy(cv2.GaussianBlur((drawn[0] - drawn[1])[0].numpy(), (0, 0), 6.0))


@pytest.mark.parametrize("robot", ["panda", "baxter"])
def test_gradients_are_those_of_a_finer_image(robot):
    """Magnitude and direction, by pose and intrinsics: partial views and self-occlusion included."""
    size, step, errors = (320, 240), 3e-3, []
    views = Views(robot, size=size, faces=6000)
    coarse, fine = views.renderer(2), views.renderer(6)
    for _ in range(4):
        view = views.draw()
        weight = pull(views, views.renderer(), view, size)
        loss, parameters = loss_of(views, coarse, view, weight)
        x = torch.zeros(parameters, dtype=torch.float64, requires_grad=True)
        (gradient,) = torch.autograd.grad(loss(x), x)
        reference, _ = loss_of(views, fine, view, weight)
        with torch.no_grad():
            expected = torch.stack(
                [(reference(e) - reference(-e)) / (2 * step) for e in step * torch.eye(parameters).double()]
            )
        for part in (slice(0, 6), slice(6, 10)):
            errors.append(float((gradient[part] - expected[part]).norm() / expected[part].norm()))
    assert np.median(errors) < 0.03
    assert max(errors) < 0.15


@pytest.mark.parametrize("robot", ["panda", "baxter"])
def test_masks_are_those_of_the_contour(robot):
    """The same union as :func:`silhouette`, which is compared with MuJoCo's images."""
    views = Views(robot)
    seen = [views.draw(nearest=1.2) for _ in range(4)]
    points = torch.cat([views.vertices(q)[None] @ R.T + t for q, R, t, _ in seen])
    masks = views.renderer()(points, torch.stack([lens for *_, lens in seen]))
    for mask, (q, R, t, lens) in zip(masks, seen, strict=True):
        vertices = views.surface.posed(views.kinematics, q.numpy())
        pose = transform(t.numpy(), Rotation.from_matrix(R.numpy()))
        expected = silhouette(views.surface, vertices, pose, Lens(*lens.tolist()), SIZE)
        assert expected.sum() > 200
        assert (mask.numpy() != expected).mean() < 2e-4  # rounding: that one projects in single precision


def test_batches_are_many_single_images():
    views = Views("panda")
    seen = [views.draw() for _ in range(3)]
    points = torch.cat([views.vertices(q)[None] @ R.T + t for q, R, t, _ in seen])
    lenses, renderer = torch.stack([lens for *_, lens in seen]), views.renderer()
    weight = smooth(views.rng)
    together = points.clone().requires_grad_()
    masks = renderer(together, lenses)
    (masks * weight).sum().backward()
    for i in range(3):
        alone = points[i : i + 1].clone().requires_grad_()
        mask = renderer(alone, lenses[i : i + 1])
        (mask * weight).sum().backward()
        assert torch.equal(mask[0], masks[i])
        torch.testing.assert_close(alone.grad[0], together.grad[i], atol=1e-9, rtol=1e-9)


def test_triangles_are_cut_at_the_near_plane():
    """Nothing is lost or mirrored as the camera moves into the robot, and gradients still fit."""
    views, errors = Views("panda", seed=3), []
    coarse, fine, step = views.renderer(2), views.renderer(8), 2e-3
    while len(errors) < 6:
        q, R, t, lens = views.draw()
        points = views.vertices(q) @ R.T
        forward = 0.06 - (points[:, 2] + t[2]).min() - views.rng.uniform(0.02, 0.1)
        t = t + torch.tensor([0.0, 0.0, float(forward)])
        loss, count = loss_of(views, coarse, (q, R, t, lens), weight := smooth(views.rng))
        x = torch.zeros(count, dtype=torch.float64, requires_grad=True)
        (gradient,) = torch.autograd.grad(loss(x), x)
        reference, _ = loss_of(views, fine, (q, R, t, lens), weight)
        with torch.no_grad():
            expected = torch.stack(
                [(reference(e) - reference(-e)) / (2 * step) for e in step * torch.eye(count)[:6].double()]
            )
        assert torch.isfinite(gradient).all()
        errors.append(float((gradient[:6] - expected).norm() / expected.norm()))
    assert np.median(errors) < 0.1


def test_nothing_in_view_is_an_empty_mask():
    views = Views("panda")
    renderer, lens = views.renderer(), torch.tensor([[100.0, 100.0, 80.0, 60.0]]).double()
    points = views.vertices(torch.from_numpy(views.kinematics.home))[None]
    for shift in ((0.0, 0.0, -9.0), (50.0, 0.0, 9.0)):
        moved = (points + torch.tensor(shift)).requires_grad_()
        mask = renderer(moved, lens)
        mask.sum().backward()
        assert not mask.any() and not moved.grad.any()


def test_a_pose_is_found_from_a_mask_alone():
    views = Views("panda", seed=5, faces=1500)
    q, R, t, lens = views.draw(nearest=1.4)
    renderer, vertices = views.renderer(2), views.vertices(q)
    with torch.no_grad():
        target = renderer((vertices @ R.T + t)[None], lens[None])
    rng = np.random.default_rng(1)
    x = torch.from_numpy(np.concatenate([rng.normal(0, 0.02, 3), rng.normal(0, 0.02, 3)])).requires_grad_()
    optimizer = torch.optim.Adam([x], lr=4e-3)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 120)
    for _ in range(120):
        mask = renderer(((vertices @ R.T) @ rotation(x[3:]).T + t + x[:3])[None], lens[None])
        optimizer.zero_grad()
        (mask - target).square().sum().backward()
        optimizer.step()
        schedule.step()
    with torch.no_grad():
        base = vertices @ R.T
        away = base @ rotation(x[3:]).T + x[:3] - base
    assert away.norm(dim=1).mean() < 0.002


def test_what_is_wrong_is_named():
    faces = np.array([[0, 1, 2]])
    with pytest.raises(ValueError, match="positive"):
        SilhouetteRenderer(faces, faces[:, :2], faces[:, :2], (0, 5))
    renderer = SilhouetteRenderer(faces, faces[:, :2], faces[:, :2], (8, 6))
    with pytest.raises(ValueError, match=r"\(B, V, 3\)"):
        renderer(torch.zeros(3, 3), torch.zeros(1, 4))
    with pytest.raises(ValueError, match=r"\(1, 4\)"):
        renderer(torch.zeros(1, 3, 3), torch.zeros(2, 4))
