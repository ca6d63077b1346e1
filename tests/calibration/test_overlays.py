import numpy as np

from ctr_env.calibration.overlays import overlay_sheet
from ctr_env.scenes.robots.kinematics import RobotKinematics

PANDA = RobotKinematics("panda")


def test_the_page_shows_every_image(found, frames, estimator):
    page = overlay_sheet(found, frames, estimator)
    assert page.shape[1] > 1600 and page.dtype == np.uint8
    assert (np.abs(page.astype(int) - (255, 140, 30)).max(axis=-1) < 40).sum() > 500
