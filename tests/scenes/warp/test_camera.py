"""The batch renderer shows what the ordinary one does: masks, depths, colours, keypoints."""

from __future__ import annotations

import numpy as np
import pytest

from ctr_env.scenes.warp.camera import WarpCamera

from .conftest import SEEDS, SIZE

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module", params=["pair", "randomised"])
def both(request):
    """The images of a simulation, and the host world that they are compared with."""
    pair = request.getfixturevalue(request.param)
    camera = WarpCamera(pair.simulation, *SIZE)
    camera.render()
    return pair.world, camera


def test_robot_masks_are_the_same(both):
    world, camera = both
    found = camera.robot_mask().numpy()
    for seed, mask in zip(SEEDS, found, strict=True):
        world.begin(seed, {})
        expected = world.camera.robot_mask()
        assert expected.sum() > 100
        assert (mask & expected).sum() / (mask | expected).sum() > 0.97


def test_depths_are_the_same(both):
    world, camera = both
    for seed, depth in zip(SEEDS, camera.depth().numpy(), strict=True):
        world.begin(seed, {})
        robot = world.camera.robot_mask()
        assert np.median(np.abs(depth - world.camera.depth())[robot]) < 1e-3


def test_the_robot_has_nearly_the_same_colours(both):
    """Randomised lights and colours reach the renderer; without them the difference is ten times as large."""
    world, camera = both
    for seed, image in zip(SEEDS, camera.rgb().numpy(), strict=True):
        world.begin(seed, {})
        robot = world.camera.robot_mask()
        expected = world.camera.renderer.rgb(world.scene.data)
        assert np.abs(image.astype(int) - expected)[robot].mean() < 8.0


def test_every_part_of_the_robot_is_seen_at_the_same_pixels(both):
    """The centres of a geom's pixels differ by less than a pixel: poses, intrinsics and the half-pixel rule agree."""
    world, camera = both
    for seed, found in zip(SEEDS, camera.segmentation().numpy(), strict=True):
        world.begin(seed, {})
        expected = world.camera.renderer.segmentation(world.scene.data)
        geoms, counts = np.unique(expected[world.camera.robot_mask()], return_counts=True)
        for geom in geoms[counts > 20]:
            assert _centre(found == geom) == pytest.approx(_centre(expected == geom), abs=0.5)


def _centre(mask: np.ndarray) -> np.ndarray:
    return np.argwhere(mask).mean(axis=0)
