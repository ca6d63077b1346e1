import numpy as np

from ctr_env.calibration.page import calibration_page
from ctr_env.scenes.robots.kinematics import RobotKinematics

PANDA = RobotKinematics("panda")


def test_the_page_shows_every_image(found, frames, estimator):
    page = calibration_page(found, frames, estimator)
    assert page.shape[1] > 1600 and page.dtype == np.uint8
    assert (np.abs(page.astype(int) - (255, 140, 30)).max(axis=-1) < 40).sum() > 500
