import numpy as np

from ctr_env.learning.supervised import camera_effects
from ctr_env.learning.supervised.camera_effects import degraded

IMAGE = np.repeat(np.repeat(np.linspace(20, 220, 96).astype(np.uint8)[None, :, None], 72, axis=0), 3, axis=2)


def test_images_keep_their_shape_and_what_they_show():
    for seed in range(40):
        image = degraded(IMAGE, np.random.default_rng(seed))
        assert image.shape == IMAGE.shape
        assert image.dtype == np.uint8
        columns = image.mean(axis=(0, 2))
        assert np.corrcoef(columns, IMAGE.mean(axis=(0, 2)))[0, 1] > 0.8


def test_low_light_is_noisy_and_noisier_where_more_photons_are_counted(monkeypatch):
    monkeypatch.setattr(camera_effects, "_LOW_LIGHT_SHARE", 1.0)
    flat = np.empty((64, 64, 3), np.uint8)
    spread = {}
    for level in (25, 200):
        flat[:] = level
        images = [camera_effects._in_low_light(flat.astype(np.float32), np.random.default_rng(s)) for s in range(20)]
        spread[level] = np.mean([image.std() for image in images])
    assert spread[200] > 1.3 * spread[25] > 1.0
