"""Scan conversion against the signs of cross products, one triangle and one pixel at a time."""

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st

from ctr_env.estimators.silhouette.coverage import coverages, enclosed

SIZE = (41, 29)


def union(triangles, size):
    """Union of triangles ``(F, 3, 2)`` in one image."""
    images = torch.zeros(len(triangles), dtype=torch.long)
    return coverages(torch.from_numpy(triangles), images, (1, size[1], size[0]))[0].numpy()


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
    np.testing.assert_array_equal(union(triangles, SIZE), expected)


def test_coverage_of_nothing():
    assert not union(np.zeros((0, 3, 2)), (8, 6)).any()
    assert not union(np.full((2, 3, 2), 3.0), (8, 6)).any()


@given(st.integers(0, 2**32 - 1))
def test_images_of_a_batch_are_independent(seed):
    rng = np.random.default_rng(seed)
    triangles = rng.uniform(-10, 50, (40, 1, 2)) + rng.normal(0.0, 10.0, (40, 3, 2))
    images = rng.integers(0, 4, 40)
    found = coverages(torch.from_numpy(triangles), torch.from_numpy(images), (4, SIZE[1], SIZE[0]))
    for i, covered in enumerate(found.numpy()):
        np.testing.assert_array_equal(covered, union(triangles[images == i], SIZE))


@given(st.integers(0, 2**32 - 1), st.floats(0.3, 60.0))
def test_directed_edges_enclose_the_union_of_their_triangles(seed, size):
    """A fan of triangles of one orientation: the sides that two of them share are left out."""
    rng = np.random.default_rng(seed)
    apart = rng.uniform(-10, 50, (12, 1, 2)) + rng.normal(0.0, size, (12, 3, 2))
    areas = np.linalg.det(apart[:, 1:] - apart[:, :1])
    apart = np.where(areas[:, None, None] > 0, apart, apart[:, ::-1])
    rim = rng.uniform(0, 30) + np.array([[0, 0], [size, 0], [size, size], [0, size]])
    fan = np.array([[rim[0], rim[1], rim[2]], [rim[0], rim[2], rim[3]]])
    ends = np.concatenate([np.stack([apart, np.roll(apart, -1, axis=1)], axis=2).reshape(-1, 2, 2)])
    ends = np.concatenate([ends, np.stack([rim, np.roll(rim, -1, axis=0)], axis=1)])
    windings = np.ones(len(ends), int)
    windings[::2], ends[::2] = -1, ends[::2, ::-1].copy()  # passed backwards, listed backwards
    np.testing.assert_array_equal(enclosed(ends, windings, SIZE), union(np.concatenate([apart, fan]), SIZE))


def test_opposite_windings_enclose_nothing():
    square = np.array([[5.0, 5.0], [20.0, 5.0], [20.0, 15.0], [5.0, 15.0]])
    ends = np.stack([square, np.roll(square, -1, axis=0)], axis=1)
    assert enclosed(ends, np.ones(4, int), SIZE).sum() == 150
    assert not enclosed(np.concatenate([ends, ends]), np.repeat([1, -1], 4), SIZE).any()
    assert not enclosed(np.zeros((0, 2, 2)), np.zeros(0, int), SIZE).any()
