"""Which term moves what, and where to."""

import numpy as np
import pytest
import torch

from ctr_env.datasets.synthetic.sampler import FrameSampler
from ctr_env.estimators.ctrnet.output import NetworkOutput
from ctr_env.estimators.ctrnet.points import link_points, paper_keypoints
from ctr_env.estimators.silhouette.renderer import SilhouetteRenderer
from ctr_env.learning.self_training.config import AdaptationConfig
from ctr_env.learning.self_training.objective import COARSER, unlabelled_loss
from ctr_env.learning.supervised.augmentation import augmented
from ctr_env.learning.supervised.batch import collate, example_tensors
from ctr_env.learning.supervised.rendered_frame import RenderedFrame
from ctr_env.runs.seeds import frame_seed
from ctr_env.scenes.robots.kinematics import RobotKinematics
from ctr_env.scenes.robots.surfaces import robot_surface

SIZE = WIDTH, HEIGHT = 128, 96
KINEMATICS = RobotKinematics("panda")
POINTS = paper_keypoints(KINEMATICS.robot)


@pytest.fixture(scope="module")
def lesson():
    """A batch whose labels are the truth, the surfaces there, and a renderer."""
    sampler = FrameSampler("panda", 320, 240, "none")
    surface, rng = robot_surface(KINEMATICS.robot, 2000), np.random.default_rng(0)
    examples, vertices = [], []
    for index in range(3):
        frame = sampler.sample(frame_seed("validation", 41, index))
        places = frame.camera_T_base.apply(link_points(KINEMATICS, frame.joint_positions, POINTS))
        mask = np.where(frame.mask, 255, 0).astype(np.uint8)
        rendered = RenderedFrame(frame.image, mask, places, frame.camera)
        examples.append(augmented(rendered, len(POINTS), SIZE, None, rng))
        vertices.append(frame.camera_T_base.apply(surface.posed(KINEMATICS, frame.joint_positions)))
    sampler.close()
    renderer = SilhouetteRenderer(
        surface.faces, surface.edges, surface.edge_faces, (WIDTH // COARSER, HEIGHT // COARSER)
    )
    return (
        collate([example_tensors(example) for example in examples]),
        torch.from_numpy(np.stack(vertices).astype(np.float32)),
        renderer,
    )


def answer(batch, off=0.0):
    """What a network says that knows the mask, and the points but for a shift along x (pixels)."""
    shift = torch.tensor([off, 0.0])
    shape = *batch.pixels.shape[:2], HEIGHT // 4, WIDTH // 4
    return NetworkOutput(
        ((batch.masks - 0.5) * 12.0).requires_grad_(True),
        (batch.pixels + shift).requires_grad_(True),
        torch.full(batch.seen.shape, 8.0),
        torch.zeros(batch.seen.shape),
        torch.zeros(shape),
    )


def loss(lesson, output, **weights):
    batch, vertices, renderer = lesson
    nothing = {"silhouette": 0.0, "mask": 0.0, "distance": 0.0, "pseudo": 0.0}
    return unlabelled_loss(output, batch, vertices, renderer, AdaptationConfig(steps=1, **{**nothing, **weights}))


def test_the_true_pose_costs_little_and_a_wrong_one_more(lesson):
    costs = [loss(lesson, answer(lesson[0], off), silhouette=1.0)["silhouette"].item() for off in (0.0, 3.0, 9.0)]
    assert costs == sorted(costs)
    assert costs[0] < 0.2 * costs[2]


def test_the_silhouette_moves_points_towards_the_truth_and_leaves_the_mask(lesson):
    for off in (-4.0, 4.0):
        output = answer(lesson[0], off)
        loss(lesson, output, silhouette=1.0)["loss"].backward()
        assert output.mask_logits.grad is None
        pull = -output.keypoints_px.grad[..., 0].sum(dim=1)  # where descent shifts the points of each image
        assert (pull * off < 0).all()


def test_the_mask_term_moves_the_mask_alone_however_well_the_points_fit(lesson):
    output = answer(lesson[0], 2.0)
    loss(lesson, output, mask=1.0)["loss"].backward()
    assert output.keypoints_px.grad is None  # the weight of an image is held still: fitting badly does not pay
    assert output.mask_logits.grad.abs().sum() > 0


def test_images_with_large_reprojection_errors_hardly_count_unless_all_are_trusted(lesson):
    batch = lesson[0]
    noise = torch.randn(batch.pixels.shape, generator=torch.Generator().manual_seed(0))
    sizes = []
    for spread, trust_px in ((0.0, 10.0), (12.0, 10.0), (12.0, 1e6)):
        output = answer(batch)._replace(keypoints_px=(batch.pixels + spread * noise).requires_grad_(True))
        loss(lesson, output, mask=1.0, trust_px=trust_px)["loss"].backward()
        sizes.append(float(output.mask_logits.grad.abs().sum()))
    assert sizes[1] < 0.1 * sizes[0]
    assert sizes[2] > sizes[0]


def test_the_distance_reaches_where_borders_do_not_meet(lesson):
    batch = lesson[0]
    values = [loss(lesson, answer(batch, off), distance=1.0)["distance"].item() for off in (0.0, 10.0, 25.0, 40.0)]
    assert values[0] < 0.005
    assert values == sorted(values)
    assert values[3] > values[2] + 0.02
