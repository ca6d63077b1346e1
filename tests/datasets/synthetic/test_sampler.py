import cv2
import numpy as np
import pytest

from ctr_env.datasets.synthetic.backgrounds import Backgrounds
from ctr_env.datasets.synthetic.sampler import FrameSampler
from ctr_env.runs.seeds import frame_seed
from ctr_env.scenes.robots.kinematics import RobotKinematics

EXACT = {"preset": "strong", "sensors.joint_bias": {"constant": 0.0}}
PAINTED = ("background", "windows", "markers", "attachments", "foreground", "glare")
SEEDS = range(10**12, 10**12 + 6)


@pytest.fixture(scope="module", params=["panda", "baxter"])
def sampler(request):
    sampler = FrameSampler(request.param, 160, 120, EXACT)
    yield sampler
    sampler.close()


@pytest.fixture(scope="module")
def frames(sampler):
    return [sampler.sample(seed) for seed in SEEDS]


def test_a_frame_depends_on_its_seed_alone(sampler, frames):
    again = sampler.sample(SEEDS[2], "again")
    assert again.name == "again"
    for name in ("image", "mask", "joint_positions", "keypoints", "keypoints_px"):
        np.testing.assert_array_equal(getattr(again, name), getattr(frames[2], name))
    assert again.camera == frames[2].camera
    assert len({frame.image.tobytes() for frame in frames}) == len(SEEDS)


def test_labels_agree_with_joint_positions_and_camera(sampler, frames):
    kinematics = RobotKinematics(sampler.robot)
    for frame in frames:
        points = frame.camera_T_base.apply(kinematics.keypoints(frame.joint_positions))
        np.testing.assert_allclose(frame.keypoints, points, atol=1e-9)
        np.testing.assert_allclose(frame.keypoints_px, frame.camera.project(points), atol=1e-6)
        assert np.all(frame.joint_positions > kinematics.lower)
        assert np.all(frame.joint_positions < kinematics.upper)


def test_keypoints_fall_on_the_robot_in_the_image(frames):
    on = np.concatenate(
        [
            cv2.dilate(frame.mask.astype(np.uint8), np.ones((5, 5), np.uint8))[rows, columns]
            for frame in frames
            for columns, rows in [frame.keypoints_px[frame.camera.contains(frame.keypoints_px)].astype(int).T]
        ]
    )
    assert len(on) > 20
    assert on.mean() > 0.7  # the others are hidden by something
    for frame in frames:
        assert frame.image.shape == (120, 160, 3)
        assert 0.005 < frame.mask.mean() < 0.9


def test_backgrounds_replace_the_room_in_some_frames_and_leave_the_robot(sampler, frames, monkeypatch):
    monkeypatch.setattr(sampler, "_backgrounds", Backgrounds())
    monkeypatch.setattr("ctr_env.datasets.synthetic.sampler.image_effects", lambda draws: {})
    replaced = 0
    for seed, plain in zip(SEEDS, frames, strict=True):
        frame = sampler.sample(seed)
        np.testing.assert_array_equal(frame.mask, plain.mask)
        np.testing.assert_array_equal(frame.keypoints_px, plain.keypoints_px)
        monkeypatch.setattr(sampler, "_backgrounds", None)
        clean = sampler.sample(seed)
        monkeypatch.setattr(sampler, "_backgrounds", Backgrounds())
        core = cv2.erode(frame.mask.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
        np.testing.assert_array_equal(frame.image[core], clean.image[core])
        replaced += np.mean(np.any(frame.image != clean.image, axis=2)) > 0.3
    assert 0 < replaced < len(SEEDS)


def test_boards_and_encoder_errors_are_drawn_when_asked_for():
    """With an encoder bias, joint positions are the measured ones and labels the true ones."""
    bias = 0.01
    plain = FrameSampler("panda", 160, 120, "none")
    board = FrameSampler("panda", 160, 120, {"preset": "none", "sensors.joint_bias": bias}, board_share=1.0)
    with_board = 0
    for seed in SEEDS:
        one, other = plain.sample(seed), board.sample(seed)
        if np.allclose(one.joint_positions + bias, other.joint_positions):  # the board touches nothing either
            np.testing.assert_allclose(one.keypoints, other.keypoints, atol=1e-9)
            changed = np.argwhere(np.abs(one.image.astype(int) - other.image).max(axis=2) > 40)[:, ::-1]
            if len(changed) > 10:
                with_board += 1
                assert np.linalg.norm(changed - one.keypoints_px[-1], axis=1).min() < 20  # in the hand, and its shadow
    assert with_board >= 2
    plain.close()
    board.close()


def test_impossible_views_are_reported_with_the_frames_seed():
    sampler = FrameSampler("panda", 32, 24, {"preset": "none", "camera.min_arm_in_view": 1.1})
    with pytest.raises(RuntimeError, match=r"no camera \(camera.*frame seed 1000000000007\)"):
        sampler.sample(10**12 + 7)


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"robot": "ur6"}, "ur6"),
        ({"board_share": 1.5}, r"board_share must lie in \[0, 1\], not 1.5"),
        ({"randomization": "wild"}, "valid names: none, mild, strong"),
    ],
)
def test_bad_values_are_rejected_before_a_scene_is_made(arguments, message):
    with pytest.raises(ValueError, match=message):
        FrameSampler(**({"robot": "panda"} | arguments))


def test_a_fixed_camera_is_the_same_for_every_frame_and_split():
    sampler = FrameSampler("panda", 160, 120, "mild", fixed_camera=3)
    frames = [sampler.sample(frame_seed(split, 0, i)) for split in ("train", "test") for i in range(3)]
    sampler.close()
    assert len({frame.camera for frame in frames}) == 1
    poses = np.stack([frame.camera_T_base.as_matrix() for frame in frames])
    np.testing.assert_array_equal(poses, np.broadcast_to(poses[0], poses.shape))
    assert len({frame.joint_positions.tobytes() for frame in frames}) == len(frames)
    other = FrameSampler("panda", 160, 120, "mild", fixed_camera=4)
    assert not np.allclose(other.sample(frame_seed("train", 0, 0)).camera_T_base.as_matrix(), poses[0])
    other.close()


def test_renderer_and_camera_are_checked_before_anything_is_drawn():
    with pytest.raises(ValueError, match="unknown renderer 'eevee'"):
        FrameSampler("panda", renderer="eevee")
    with pytest.raises(ValueError, match="number of a camera must lie in"):
        FrameSampler("panda", fixed_camera=-1)


def test_hard_frames_are_labelled_through_their_lenses():
    """Keypoints that are in the image and not hidden lie on the mask, whatever the distortion, roll and distance."""
    sampler = FrameSampler("panda", 320, 240, {"preset": "hard", **{f"painted.{kind}": 0.0 for kind in PAINTED}})
    frames = [sampler.sample(frame_seed("validation", 0, index)) for index in range(12)]
    sampler.close()
    on = []
    for frame in frames:
        assert len(frame.camera.distortion) == 4
        np.testing.assert_allclose(frame.keypoints_px, frame.camera.project(frame.keypoints), atol=1e-6)
        near = cv2.dilate(frame.mask.astype(np.uint8), np.ones((5, 5), np.uint8))
        columns, rows = frame.keypoints_px[frame.camera.contains(frame.keypoints_px)].astype(int).T
        on.extend(near[rows, columns])
    assert len(on) > 30
    assert np.mean(on) > 0.7
    shares = [frame.mask.mean() for frame in frames]
    assert min(shares) < 0.05  # far away
    assert max(shares) > 0.25  # filling the image
