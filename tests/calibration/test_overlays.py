import numpy as np

from ctr_env.calibration.overlays import overlay_sheet
from ctr_env.scenes.robots.kinematics import RobotKinematics

PANDA = RobotKinematics("panda")


def test_the_sheet_shows_every_image(found, frames, estimator):
    sheet = overlay_sheet(found, frames, estimator)
    assert sheet.shape[1] > 1600 and sheet.dtype == np.uint8
    assert (np.abs(sheet.astype(int) - (255, 140, 30)).max(axis=-1) < 40).sum() > 500
