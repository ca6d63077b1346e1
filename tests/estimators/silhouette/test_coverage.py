"""Scan conversion against the signs of cross products, one triangle and one pixel at a time."""

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st

from ctr_env.estimators.silhouette.coverage import coverage, coverages

SIZE = (41, 29)


def inside(triangle, x, y):
    """Which of the places lie in a triangle, by the signs of three cross products."""
    signs = []
    for a, b in zip(triangle, np.roll(triangle, -1, axis=0), strict=True):
        signs.append((b[0] - a[0]) * (y - a[1]) - (b[1] - a[1]) * (x - a[0]))
    return np.all(np.array(signs) > 0, axis=0) | np.all(np.array(signs) < 0, axis=0)


@given(st.integers(0, 2**32 - 1), st.floats(0.3, 60.0))
def test_coverage_is_the_union_of_triangles(seed, size):
    rng = np.random.default_rng(seed)
    triangles = rng.uniform(-10, 50, (30, 1, 2)) + rng.normal(0.0, size, (30, 3, 2))
    x, y = np.meshgrid(np.arange(41) + 0.5, np.arange(29) + 0.5)
    expected = np.any([inside(triangle, x, y) for triangle in triangles], axis=0)
    np.testing.assert_array_equal(coverage(triangles, SIZE), expected)


def test_coverage_of_nothing():
    assert not coverage(np.zeros((0, 3, 2)), (8, 6)).any()
    assert not coverage(np.full((2, 3, 2), 3.0), (8, 6)).any()


@given(st.integers(0, 2**32 - 1))
def test_images_of_a_batch_are_independent(seed):
    rng = np.random.default_rng(seed)
    triangles = rng.uniform(-10, 50, (40, 1, 2)) + rng.normal(0.0, 10.0, (40, 3, 2))
    images = rng.integers(0, 4, 40)
    found = coverages(torch.from_numpy(triangles), torch.from_numpy(images), (4, SIZE[1], SIZE[0]))
    for i, covered in enumerate(found.numpy()):
        np.testing.assert_array_equal(covered, coverage(triangles[images == i], SIZE))
