import numpy as np

from ctr_env.datasets.synthetic.clutter import fractal_noise, paint_clutter


def test_only_what_is_covered_changes():
    changed = 0
    for seed in range(60):
        canvas = np.full((48, 64, 3), 90, np.uint8)
        covered = paint_clutter(canvas, np.random.default_rng(seed), 3)
        assert covered.shape == (48, 64)
        assert covered.dtype == np.uint8
        assert np.all(canvas[covered == 0] == 90)
        changed += np.any(canvas[covered == 255] != 90)
    assert changed > 40


def test_larger_objects_cover_more():
    def covered(size):
        canvas = np.zeros((48, 64, 3), np.uint8)
        return np.mean([paint_clutter(canvas, np.random.default_rng(seed), 2, size).mean() for seed in range(40)])

    assert covered(1.5) > 1.5 * covered(0.5)


def test_noise_fills_its_range_and_repeats_with_its_seed():
    noise = fractal_noise(37, 51, np.random.default_rng(3))
    assert noise.shape == (37, 51)
    assert noise.min() == 0.0
    assert noise.max() == 1.0
    np.testing.assert_array_equal(noise, fractal_noise(37, 51, np.random.default_rng(3)))
