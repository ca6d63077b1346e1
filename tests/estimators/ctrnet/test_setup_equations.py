"""Normal equations of an image against its cost: with fixed contour samples they are its derivatives."""

from dataclasses import replace

import numpy as np
import pytest

from ctr_env.datasets.synthetic.sampler import FrameSampler
from ctr_env.estimators.ctrnet.estimator import CtRNetEstimator
from ctr_env.estimators.ctrnet.passes import tracking_passes
from ctr_env.estimators.ctrnet.setup import CameraSetup, Parameters
from ctr_env.estimators.ctrnet.setup_equations import ImageMeasurement
from ctr_env.runs.seeds import frame_seed
from ctr_env.scenes.robots.kinematics import RobotKinematics

NAMES = ("joint_offsets", "focal_length")


@pytest.fixture(scope="module", params=["mask", "edges"])
def measured(request):
    """What one image says by its mask or by its edges, and the set-up that it is near to."""
    sampler = FrameSampler("panda", 480, 360, "mild", fixed_camera=9)
    labelled = sampler.sample(frame_seed("validation", 71, 0))
    sampler.close()
    estimator = CtRNetEstimator(RobotKinematics("panda"), {"tracking": False, "precision": "float32"})
    model, frame = estimator.pipeline.model, labelled.frame()
    (hypothesis,) = estimator.pipeline.run([model.posed(frame)], tracking_passes(labelled.camera_T_base, align=False))
    setup = CameraSetup(labelled.camera_T_base, frame.camera, np.zeros(7))
    measurement = ImageMeasurement(model, frame, hypothesis, 0.2)
    return measurement.scaled(setup) if request.param == "mask" else measurement.on_edges(setup), setup


def test_samples_change_nothing_where_they_were_taken(measured):
    measurement, setup = measured
    parameters = Parameters(NAMES, 7, setup.camera.width)
    fresh, fixed = (each.equations(setup, parameters) for each in (measurement, measurement.sampled(setup)))
    for own, other in zip(fresh, fixed, strict=True):
        np.testing.assert_allclose(own, other, rtol=1e-6, atol=1e-6 * np.abs(other).max())


@pytest.mark.parametrize("name", ["pose", "joint_offsets", "focal_length"])
def test_the_force_is_the_gradient_of_the_cost(measured, name):
    """Half of it, as the cost is twice the negative log-likelihood; along a block, from a set-up that is off by it."""
    measurement, setup = measured
    parameters = Parameters(NAMES, 7, setup.camera.width)
    direction, part = np.zeros(parameters.count), parameters.slices[name]
    stds = 1.0 / np.sqrt(np.diag(measurement.equations(setup, parameters).information))
    direction[part] = stds[part]
    changes, expected = [], []
    for distance in (2.0, 2.5, 3.0, 3.5, 4.0):  # the mean of five: contour points that appear or vanish change the cost
        away = parameters.moved(setup, distance * direction)
        sampled = measurement.sampled(away)
        expected.append(-2.0 * sampled.equations(away, parameters).force @ direction)
        ahead, behind = (
            sampled.equations(parameters.moved(away, share * direction), parameters).cost for share in (0.5, -0.5)
        )
        changes.append(ahead - behind)
    assert np.mean(changes) == pytest.approx(np.mean(expected), rel=0.25)
    assert np.mean(changes) > 0.0


def test_samples_move_with_the_links(measured):
    measurement, setup = measured
    offsets = np.array([0.0, 0.02, 0.0, 0.0, 0.0, 0.0, 0.0])
    samples = measurement.sampled(setup).samples
    k = measurement.model.kinematics
    before, after = (
        samples.posed(measurement.model, measurement.frame.joint_positions + moved) for moved in (0.0, offsets)
    )
    surface = measurement.model.surface
    links = [surface.links[i] for i in surface.vertex_links[before.ends[:, 0]]]
    slope = k.point_jacobians(measurement.frame.joint_positions, links, before.points)[:, :, 1]
    np.testing.assert_allclose(after.points - before.points, 0.02 * slope, atol=4e-4)
    np.testing.assert_array_equal(replace(after, points=before.points).normals, before.normals)
