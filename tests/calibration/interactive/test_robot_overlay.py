import io

import imageio.v3 as iio
import numpy as np

from ctr_env.calibration.interactive.robot_overlay import RobotOverlay, jpeg
from ctr_env.scenes.robots.kinematics import RobotKinematics

from .simulated_lab import CAMERA, SimulatedLab

PANDA = RobotKinematics("panda")


def test_contour_and_silhouette_lie_on_the_rendered_robot():
    overlay = RobotOverlay(PANDA)
    with SimulatedLab() as lab:
        image = lab.newest()
        mask = lab.scene.robot_mask(lab._renderer.segmentation(lab.scene.data))
        pose = lab.scene.camera_T_base
    drawn = overlay.contour(image, CAMERA, pose, PANDA.home)
    changed = np.any(drawn != image, axis=2)
    assert 100 < changed.sum() < 0.05 * changed.size
    rows, columns = np.nonzero(changed)
    near = np.array(
        [mask[max(r - 3, 0) : r + 4, max(c - 3, 0) : c + 4].mean() for r, c in zip(rows, columns, strict=True)]
    )
    assert np.mean((near > 0.0) & (near < 1.0)) > 0.9  # at the mask's boundary
    proposed = overlay.proposal(image, CAMERA, pose, PANDA.home)
    blue = proposed[..., 2].astype(int) - proposed[..., 0] > 40
    assert (blue & mask).sum() / (blue | mask).sum() > 0.7  # without keypoints and links, which are white
    assert proposed[~blue].mean() < 0.6 * image[~blue].mean()


def test_large_images_are_shown_smaller():
    image = np.random.default_rng(0).integers(0, 255, (1080, 1920, 3), np.uint8)
    assert RobotOverlay(PANDA).plain(image).shape == (540, 960, 3)
    small = iio.imread(io.BytesIO(jpeg(np.full((6, 8, 3), (200, 20, 20), np.uint8))))
    assert small.shape == (6, 8, 3) and small[3, 4, 0] > 180 and small[3, 4, 2] < 60
