import numpy as np

from ctr_env.estimators.silhouette.boundary import boundary_distances

DISTANCES = np.arange(-6.0, 6.1, 0.5)


def lines(start, direction):
    return (np.asarray(start, float) + DISTANCES[:, None] * np.asarray(direction, float))[None]


def test_an_edge_between_pixels_is_found_where_it_is():
    mask = np.zeros((40, 40), np.float32)
    mask[:, :20] = 1.0  # pixel centres at integer + 0.5: ends at x = 20
    np.testing.assert_allclose(boundary_distances(mask, lines((18.3, 11.1), (1, 0)), DISTANCES), 1.7, atol=1e-5)
    mask[:, 20] = 0.75  # three quarters of a pixel farther
    np.testing.assert_allclose(
        boundary_distances(mask, lines((22.0, 7.0), (1, 0)), DISTANCES), 20.5 + 1 / 3 - 22.0, atol=0.02
    )


def test_the_nearest_of_several_counts_and_only_where_the_mask_ends():
    mask = np.zeros((40, 40), np.float32)
    mask[:, 10:13] = mask[:, 19:21] = 1.0
    np.testing.assert_allclose(boundary_distances(mask, lines((18.0, 5.0), (1, 0)), DISTANCES), 3.0, atol=1e-6)
    np.testing.assert_allclose(boundary_distances(mask, lines((16.0, 5.0), (1, 0)), DISTANCES), -3.0, atol=1e-6)
    np.testing.assert_allclose(boundary_distances(mask, lines((16.0, 5.0), (-1, 0)), DISTANCES), -3.0, atol=1e-6)
    assert np.isnan(boundary_distances(mask, lines((30.0, 5.0), (1, 0)), DISTANCES)[0])
