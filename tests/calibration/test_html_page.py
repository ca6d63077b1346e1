"""The page of a calibration: complete, and in need of nothing else."""

import re

import numpy as np
import pytest

from ctr_env.calibration.html_page import calibration_html
from ctr_env.calibration.page_charts import joint_chart, residual_chart, scene_chart
from ctr_env.calibration.report import calibration_data
from ctr_env.scenes.robots.kinematics import RobotKinematics

PANDA = RobotKinematics("panda")


@pytest.fixture(scope="module")
def page(found, frames, estimator):
    camera = next(iter(frames.values())).camera
    data = {
        "command": "ctr-env calibrate",
        "advice": ["more <images> help"],
        **calibration_data(found, PANDA.robot, camera),
    }
    return calibration_html(found, found, frames, estimator, PANDA, data)


def test_every_section_and_image_is_there(page, found):
    for title in ("Result", "What would help", "Set-up", "Images", "Residuals", "Scene", "Use it"):
        assert f">{title}</h2>" in page
    assert page.count('src="data:image/jpeg;base64,') == len(found.fits)
    assert "more &lt;images&gt; help" in page
    assert "static_transform_publisher" in page
    for each in found.comparisons:
        assert each.name.replace("_", " ") in page
    assert len(page) < 4e6


def test_nothing_is_loaded_from_elsewhere(page):
    assert not re.findall(r'(?:src|href)="(?!data:|#)[^"]*"', page)


def test_charts_show_every_image_joint_and_the_error(found, frames):
    joints = {name: frame.joint_positions for name, frame in frames.items()}
    ratios = residual_chart(found).panels[0].lines[0]
    np.testing.assert_array_equal(ratios.y, [fit.pseudo_label.contour_inlier_ratio for fit in found.fits])
    assert len(joint_chart(found, joints, PANDA).panels) == 7
    camera, arm, ellipsoid = scene_chart(found, joints, PANDA).panels[0].lines
    assert camera.z.max() == pytest.approx(0.25)
    points = np.stack([ellipsoid.x, ellipsoid.y, ellipsoid.z], axis=1)
    away = points[np.isfinite(points).all(axis=1)] - found.camera_T_base.translation
    squared = np.einsum("ni,ij,nj->n", away, np.linalg.inv(found.covariance[:3, :3]), away)
    np.testing.assert_allclose(squared, 100.0, rtol=1e-6)  # ten standard deviations
    base = found.camera_T_base.translation
    assert np.min(np.hypot(arm.x - base[0], arm.y - base[1])[np.isfinite(arm.x)]) < 1e-9
