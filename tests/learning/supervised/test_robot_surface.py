import numpy as np
import pytest

from ctr_env.learning.supervised.robot_surface import relit, worn


@pytest.mark.parametrize("change", [relit, worn])
def test_only_the_robot_changes_and_it_does(change):
    rng = np.random.default_rng(0)
    image = rng.integers(60, 160, (72, 96, 3)).astype(np.uint8)
    alpha = np.zeros((72, 96), np.uint8)
    alpha[20:60, 30:80] = 255
    differing = 0
    for seed in range(20):
        changed = change(image, alpha, np.random.default_rng(seed))
        np.testing.assert_array_equal(changed[alpha == 0], image[alpha == 0])
        again = change(image, alpha, np.random.default_rng(seed))
        np.testing.assert_array_equal(changed, again)
        differing += bool((changed != image).any())
    assert differing > 10


def test_a_robot_out_of_the_image_is_no_mistake():
    image = np.full((72, 96, 3), 90, np.uint8)
    for seed in range(20):
        np.testing.assert_array_equal(worn(image, np.zeros((72, 96), np.uint8), np.random.default_rng(seed)), image)
