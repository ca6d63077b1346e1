import numpy as np
import pytest

from ctr_env.datasets.synthetic.sampler import FrameSampler
from ctr_env.estimators import GroundTruth, make_estimator
from ctr_env.runs.seeds import frame_seed
from ctr_env.scenes.robots.catalogue import get_robot
from ctr_env.scenes.robots.kinematics import RobotKinematics

PANDA = RobotKinematics("panda")
NOISY = {"source": "noisy", "source_config": {"white_position_m": 0.015, "white_rotation_rad": 0.02}, "iterations": 30}


@pytest.fixture(scope="module")
def frames():
    sampler = FrameSampler("panda", randomization="mild")
    found = [sampler.sample(frame_seed("validation", 23, i)) for i in range(4)]
    sampler.close()
    return found


def error(estimate, labelled, kinematics=PANDA):
    points = kinematics.keypoints(labelled.joint_positions)
    away = estimate.camera_T_base.apply(points) - labelled.camera_T_base.apply(points)
    return float(np.linalg.norm(away, axis=1).mean())


def estimates_of(frames, name, config, kinematics=PANDA, seed=0, batch=False):
    estimator = make_estimator(name, config, kinematics)
    estimator.reset(np.random.default_rng(seed))
    assert estimator.needs_truth  # its first pose comes from the noisy estimator
    for i, labelled in enumerate(frames):
        estimator.observe_truth(GroundTruth(float(i), labelled.camera_T_base))
    inputs = [labelled.frame(float(i)) for i, labelled in enumerate(frames)]
    return estimator.estimate_batch(inputs) if batch else [estimator.estimate(frame) for frame in inputs]


def test_refinement_removes_most_of_the_error_and_batches_agree(frames):
    starts = estimates_of(frames, "noisy", NOISY["source_config"])
    ends = estimates_of(frames, "render_and_compare", NOISY)
    before, after = (np.array([error(e, f) for e, f in zip(es, frames, strict=True)]) for es in (starts, ends))
    assert np.median(before) > 0.015
    assert np.median(after) < 0.4 * np.median(before)
    assert all(end.valid and end.mask.shape == frames[0].image.shape[:2] for end in ends)
    assert all(np.linalg.eigvalsh(end.covariance).min() > 0 for end in ends)
    for one, other in zip(ends, estimates_of(frames, "render_and_compare", NOISY, batch=True), strict=True):
        np.testing.assert_array_equal(one.camera_T_base.as_matrix(), other.camera_T_base.as_matrix())


def test_a_source_estimate_that_is_not_valid_is_returned_unchanged(frames):
    config = {"source": "noisy", "source_config": {"dropout": 1.0}}
    nothing = estimates_of(frames[:1], "render_and_compare", config)[0]
    assert not nothing.valid
    assert nothing.reason == "dropout"


def test_a_right_arm_is_handled_by_mirroring_image_and_joint_angles():
    sampler = FrameSampler("baxter_right", randomization="none")
    labelled = sampler.sample(frame_seed("validation", 23, 0))
    sampler.close()
    kinematics = RobotKinematics(get_robot("baxter_right"))
    found = estimates_of([labelled], "render_and_compare", {**NOISY, "passes": 1}, kinematics, seed=1)[0]
    assert error(found, labelled, kinematics) < 0.015


@pytest.mark.parametrize(
    "config, message",
    [
        ({"source": "render_and_compare"}, "cannot take its poses from itself"),
        ({"source": "gps"}, "unknown estimator 'gps'; valid names: charuco"),
        ({"iterations": 0}, "iterations"),
        ({"learning": 1}, "unknown RenderAndCompareConfig field learning; valid names: "),
    ],
)
def test_configuration_errors_name_the_field(config, message):
    with pytest.raises(ValueError, match=message):
        make_estimator("render_and_compare", config, PANDA)
    with pytest.raises(FileNotFoundError, match="no weights file"):
        make_estimator("render_and_compare", {"weights": "none.safetensors"}, PANDA)
