"""The estimator around the network: with perfect detections the pose is exact, whatever the camera."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy.spatial.transform import RigidTransform, Rotation

from ctr_env.datasets.frame import Frame
from ctr_env.errors import DataError
from ctr_env.estimators import make_estimator
from ctr_env.estimators.ctrnet import estimator as module
from ctr_env.estimators.ctrnet.compact import CompactNet
from ctr_env.estimators.ctrnet.cropping import small_size
from ctr_env.estimators.ctrnet.hypothesis import Detection, quarter_turns
from ctr_env.estimators.ctrnet.points import LinkPoint, link_points, paper_keypoints
from ctr_env.estimators.ctrnet.uncertainty import UncertaintyModel
from ctr_env.estimators.ctrnet.weights import WeightsHeader, save_weights
from ctr_env.estimators.mirrored import MirroredEstimator
from ctr_env.estimators.silhouette.coverage import coverages
from ctr_env.geometry import PinholeCamera, look_at, transform
from ctr_env.scenes.robots.catalogue import ROBOTS
from ctr_env.scenes.robots.kinematics import RobotKinematics
from ctr_env.scenes.robots.surfaces import robot_surface

PANDA = RobotKinematics("panda")
LIE = transform((0.1, 0.0, 0.0), Rotation.from_rotvec([0.0, 0.0, 1.5]))
SIZE = (256, 192)
EXTRA = (LinkPoint("panda_link0", -0.15, -0.04, 0.0), LinkPoint("panda_hand", 0.0, 0.1, 0.06))
POINTS = (*paper_keypoints(PANDA.robot), *EXTRA, *(LinkPoint(f"panda_link{i}", 0.05, 0.0, 0.05) for i in range(1, 6)))


class FakeDetector:
    """Detects the keypoints of the current frame at their true pixels, up to noise in input pixels."""

    input_size = SIZE
    points = POINTS
    uncertainty = UncertaintyModel()

    def __init__(self, file, robot, device, precision):
        self.crops, self.priors, self.noise_px, self.blind_when_cropped = [], [], 0.0, False
        self.lies = 0  # passes in which it detects the keypoints of another pose
        self.upright_only = False  # whether it detects nothing of a robot that is not upright in the crop
        self.painted = None  # pose whose mask it predicts; None: the true one
        self.rng = np.random.default_rng(0)
        FakeDetector.last = self

    def detect(self, images, crops, priors):
        found = []
        for crop, prior in zip(crops, priors, strict=True):
            self.crops.append(crop)
            self.priors.append(prior)
            pose = self.pose if len(self.crops) > self.lies else self.pose * LIE
            pixels = self.frame.camera.project(pose.apply(link_points(PANDA, self.frame.joint_positions, POINTS)))
            inside = np.all((crop.forward(pixels) > 0) & (crop.forward(pixels) < crop.size), axis=1)
            noise = self.noise_px / crop.scale
            seen = inside & ~(self.blind_when_cropped and crop.size == SIZE)
            if self.upright_only and quarter_turns(self.pose) != crop.quarter_turns:
                seen = np.zeros_like(seen)
            pixels = pixels + self.rng.normal(0.0, max(noise, 1e-9), pixels.shape)
            variance = np.full(len(pixels), max(noise, 0.1) ** 2)
            height, width = self.frame.camera.height, self.frame.camera.width
            mask = self.paint(crop)
            found.append(Detection(pixels, np.where(seen, 0.95, 0.02), variance, crop, mask, (width, height)))
        return found

    def paint(self, crop):
        surface, fine = robot_surface(PANDA.robot, 5000), 4
        pose = self.pose if self.painted is None else self.painted
        vertices = pose.apply(surface.posed(PANDA, self.frame.joint_positions))
        corners = crop.forward(self.frame.camera.project(vertices))[surface.faces]
        (ax, ay), (bx, by) = (corners[:, 1] - corners[:, 0]).T, (corners[:, 2] - corners[:, 0]).T
        width, height = crop.size
        facing = torch.from_numpy(fine * corners[ax * by < ay * bx])
        images = torch.zeros(len(facing), dtype=torch.long)
        drawn = coverages(facing, images, (1, fine * height, fine * width))[0].numpy()
        return drawn.reshape(height, fine, width, fine).mean(axis=(1, 3)).astype(np.float32)


@pytest.fixture
def weights(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "Detector", FakeDetector)
    file = tmp_path / "weights.safetensors"
    model = UncertaintyModel(systematic_m=0.001, systematic_rad=0.004, inherited_from="other weights")
    header = WeightsHeader(architecture="compact", robot="panda", keypoints=POINTS, input_size=SIZE, uncertainty=model)
    save_weights(file, {}, header)
    return str(file)


def view(fov=1.0, size=(640, 480), distance=1.4, distortion=(), principal_point=(0.5, 0.5)):
    """A frame of the arm at home and its true pose."""
    camera = PinholeCamera.from_fov(fov, *size, principal_point)
    camera = PinholeCamera(camera.fx, camera.fy, camera.cx, camera.cy, *size, distortion)
    middle = PANDA.keypoints(PANDA.home).mean(axis=0)
    pose = look_at(middle + distance * np.array([0.9, 0.3, 0.3]), middle, 0.1).inv()
    return Frame(PANDA.home, camera, 0.25, np.zeros((size[1], size[0], 3), np.uint8)), pose


def prepared(weights, frame, pose, contour=False, **config):
    """With points alone, unless a test is about contours: the fake's points can be exact, a mask of pixels cannot."""
    estimator = make_estimator("ctrnet", {"weights": weights, "align_contour": contour, **config}, PANDA)
    estimator.reset(np.random.default_rng(0))
    estimator.detector.frame, estimator.detector.pose = frame, pose
    return estimator


def difference(a: RigidTransform, b: RigidTransform) -> float:
    return float(np.abs(a.as_matrix() - b.as_matrix()).max())


@pytest.mark.parametrize(
    "camera",
    [
        {},
        {"size": (320, 240)},
        {"fov": 0.6, "distance": 2.2},
        {"fov": 1.7, "distance": 0.9, "principal_point": (0.44, 0.55)},
        {"size": (720, 720)},
        {"size": (1280, 400), "fov": 1.5},
        {"distortion": (0.1, -0.05, 0.002, -0.003)},
    ],
)
def test_exact_points_give_the_exact_pose(weights, camera):
    frame, pose = view(**camera)
    estimate = prepared(weights, frame, pose).estimate(frame)
    assert estimate.valid, estimate.reason
    assert difference(estimate.camera_T_base, pose) < 1e-6
    assert estimate.time_s == 0.25
    assert estimate.keypoints_px.shape == (len(POINTS), 2)


def test_the_refined_pass_has_a_closer_crop_and_smaller_errors(weights):
    frame, pose = view(fov=1.6)
    errors = {}
    for passes in (1, 2):
        estimator = prepared(weights, frame, pose, passes=passes, tracking=False)
        estimator.detector.noise_px = 1.0
        found = [estimator.estimate(frame).camera_T_base.translation - pose.translation for _ in range(40)]
        errors[passes] = np.sqrt(np.mean(np.square(found)))
    assert errors[2] < 0.6 * errors[1]
    first, second = estimator.detector.crops[-2:]
    assert first.size == small_size(SIZE) and second.size == SIZE
    assert second.scale > 2.0 * first.scale


def test_the_refined_pass_gets_the_coarse_pose_as_its_prior(weights):
    frame, pose = view(fov=1.2)
    estimator = prepared(weights, frame, pose, tracking=False)
    estimator.estimate(frame)
    first, second = estimator.detector.priors
    assert first is None
    true = frame.camera.project(pose.apply(link_points(PANDA, frame.joint_positions, POINTS)))
    np.testing.assert_allclose(second, true, atol=1e-4)


def test_tracking_takes_one_pass_and_falls_back_to_a_search(weights):
    frame, pose = view(fov=1.6)
    estimator = prepared(weights, frame, pose)
    estimator.estimate(frame)
    assert len(estimator.detector.crops) == 2
    assert estimator.estimate(frame).valid
    assert len(estimator.detector.crops) == 3 and estimator.detector.crops[-1].size == SIZE
    estimator.detector.blind_when_cropped = True  # lost: search again
    assert estimator.estimate(frame).valid
    assert estimator.detector.crops[-2].size == small_size(SIZE)
    estimator.detector.blind_when_cropped = False
    estimator.reset(np.random.default_rng(1))
    estimator.estimate(frame)
    assert estimator.detector.crops[-2].size == small_size(SIZE)


def test_a_robot_out_of_view_is_searched_with_one_kind_of_retry_at_a_time(weights):
    """But with all of them in the first image; and it is found again when it comes back."""
    frame, pose = view()
    estimator, crops = prepared(weights, frame, pose, contour=True), []
    estimator.detector.painted = pose * LIE
    for _ in range(6):
        before = len(estimator.detector.crops)
        assert not estimator.estimate(frame).valid
        crops.append(len(estimator.detector.crops) - before)
    *pairs, templates = sorted(crops[1:])
    assert max(pairs) <= 7 and templates < crops[0]
    estimator.detector.painted = None
    assert estimator.estimate(frame).valid
    estimator.reset(np.random.default_rng(1))
    estimator.detector.painted = pose * LIE
    before = len(estimator.detector.crops)
    estimator.estimate(frame)
    assert len(estimator.detector.crops) - before == crops[0]


@pytest.mark.parametrize("camera", [{}, {"size": (320, 240)}, {"distortion": (0.1, -0.05, 0.002, -0.003)}])
def test_contour_alignment_corrects_keypoint_errors(weights, camera):
    frame, pose = view(**camera)
    middle = PANDA.keypoints(frame.joint_positions).mean(axis=0)
    errors = {}
    for contour in (False, True):
        estimator = prepared(weights, frame, pose, contour=contour, tracking=False)
        estimator.detector.noise_px = 5.0
        found = [estimator.estimate(frame) for _ in range(12)]
        assert all(estimate.valid for estimate in found)
        away = [estimate.camera_T_base.apply(middle) - pose.apply(middle) for estimate in found]
        errors[contour] = np.median(np.linalg.norm(away, axis=1))
    assert errors[True] < 0.005 and errors[True] < 0.4 * errors[False]


def test_doubtful_hypotheses_are_re_initialised(weights):
    frame, pose = view()
    for lies, passes in ((0, 2), (2, 4), (4, 6)):
        estimator = prepared(weights, frame, pose, contour=True, tracking=False)
        estimator.detector.lies = lies
        estimate = estimator.estimate(frame)
        assert estimate.valid and difference(estimate.camera_T_base, pose) < 0.02
        assert passes <= len(estimator.detector.crops) <= passes + 1


def test_a_pose_that_the_mask_contradicts_is_not_valid(weights):
    frame, pose = view()
    estimator = prepared(weights, frame, pose, contour=True, tracking=False)
    estimator.detector.painted = pose * LIE
    assert estimator.estimate(frame).reason == "contour_mismatch"
    keypoints_only = prepared(weights, frame, pose, contour=False, tracking=False)
    keypoints_only.detector.painted = pose * LIE
    assert keypoints_only.estimate(frame).valid


def test_the_mask_covers_the_whole_image(weights):
    """Outside the refined crop, the mask is that of the coarse pass."""
    frame, pose = view(fov=1.6)
    estimator = prepared(weights, frame, pose, tracking=False)
    whole = make_estimator(
        "ctrnet", {"weights": weights, "align_contour": False, "passes": 1, "tracking": False}, PANDA
    )
    whole.detector.frame, whole.detector.pose = frame, pose
    ring = pose * transform((0.0, 0.8, 0.0))  # a robot beside the one that points are found on
    for each in (estimator, whole):
        each.detector.painted = ring
    near, far = estimator.estimate(frame).mask > 0.5, whole.estimate(frame).mask > 0.5
    assert far.sum() > 500
    assert (near & far).sum() / (near | far).sum() > 0.8


def test_too_few_points_in_view(weights):
    frame, pose = view(fov=0.12, distance=1.0)
    estimate = prepared(weights, frame, pose).estimate(frame)
    assert not estimate.valid and estimate.reason == "too_few_keypoints"
    assert np.isfinite(estimate.camera_T_base.as_matrix()).all() and np.isfinite(estimate.covariance).all()


def test_points_that_no_pose_explains(weights):
    frame, pose = view()
    estimator = prepared(weights, frame, pose)
    estimator.detector.noise_px = 25.0
    assert {estimator.estimate(frame).reason for _ in range(5)} <= {"reprojection_error", "uncertain"}


@pytest.mark.slow
def test_covariance_is_calibrated_for_calibrated_detections(weights):
    frame, pose = view()
    estimator = prepared(weights, frame, pose, tracking=False)
    estimator.detector.noise_px = 0.7
    nees = []
    for _ in range(150):
        estimate = estimator.estimate(frame)
        rotation = pose.rotation * estimate.camera_T_base.rotation.inv()
        twist = np.concatenate([pose.translation - estimate.camera_T_base.translation, rotation.as_rotvec()])
        nees.append(twist @ np.linalg.solve(estimate.covariance - UncertaintyModel().systematic_covariance, twist))
    assert 4.5 < np.mean(nees) < 7.0  # slightly conservative: residuals can only widen it


def test_paper_keypoints_only(weights):
    frame, pose = view()
    estimates = {}
    for which in ("all", "paper"):
        estimator = prepared(weights, frame, pose, keypoints=which, tracking=False)
        estimator.detector.noise_px = 0.5
        errors = [estimator.estimate(frame).camera_T_base.translation - pose.translation for _ in range(30)]
        estimates[which] = np.sqrt(np.mean(np.square(errors)))
    assert estimates["all"] < estimates["paper"]


def test_batches_without_tracking_agree_with_single_frames(weights):
    """Whatever their cameras and robots' rolls, with aligned contours and for an image that gets all retries."""
    frame, pose = view()
    cases = [(frame, pose), view(distortion=(0.1, -0.05, 0.002, -0.003)), turned(frame, pose, 1), (frame, pose * LIE)]
    estimator = prepared(weights, frame, pose, contour=True, tracking=False)
    detect = estimator.detector.detect

    def detect_each(images, crops, priors):  # the fake sees one frame at a time
        found = []
        for image, crop, prior in zip(images, crops, priors, strict=True):
            show(next(case for case in shown if case[0].image is image))
            found += detect([image], [crop], [prior])
        return found

    def show(case):
        estimator.detector.frame, estimator.detector.pose = case
        estimator.detector.painted = (
            pose if case is shown[-1] else None
        )  # the last one's mask contradicts its keypoints

    shown = [(replace(f, image=f.image.copy()), p) for f, p in cases]
    estimator.detector.detect = detect_each
    frames = [f for f, _ in shown]
    single, batch = [estimator.estimate(f) for f in frames], estimator.estimate_batch(frames)
    assert [e.valid for e in single] == [True, True, True, False]
    for one, other in zip(single, batch, strict=True):
        assert difference(one.camera_T_base, other.camera_T_base) < 1e-6
        assert one.reason == other.reason
        assert one.contour_inlier_ratio == pytest.approx(other.contour_inlier_ratio, abs=1e-6)


def test_the_systematic_error_and_its_source_are_those_of_the_weights(weights):
    estimator = make_estimator("ctrnet", {"weights": weights}, PANDA)
    assert (estimator.systematic_m, estimator.systematic_rad) == (0.001, 0.004)
    assert estimator.uncertainty_source == "inherited"


def test_loading_waits_for_the_first_frame(weights, monkeypatch):
    def refuse(*_):
        raise AssertionError("loaded too early")

    monkeypatch.setattr(module, "Detector", refuse)
    estimator = make_estimator("ctrnet", {"weights": weights}, PANDA)
    estimator.reset(np.random.default_rng(0))


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"weights": "nowhere.safetensors"}, "nowhere.safetensors"),
        ({"keypoints": "some"}, "'all' or 'paper'"),
        ({"min_confidence": 2.0}, "min_confidence"),
        ({"min_contour_inlier_ratio": -0.1}, "min_contour_inlier_ratio"),
        ({"wieghts": "x"}, "valid names"),
    ],
)
def test_bad_configurations_are_rejected(config, message):
    with pytest.raises((ValueError, FileNotFoundError), match=message):
        make_estimator("ctrnet", config, PANDA)


def test_frames_without_an_image_are_rejected(weights):
    frame, pose = view()
    estimator = prepared(weights, frame, pose)
    with pytest.raises(ValueError, match=r"Frame\.image"):
        estimator.estimate(Frame(frame.joint_positions, frame.camera, 0.0))


def test_a_mirror_image_uses_the_other_arms_weights(tmp_path):
    points = paper_keypoints(ROBOTS["baxter"])
    header = WeightsHeader(architecture="compact", robot="baxter", keypoints=points, input_size=(64, 48))
    save_weights(tmp_path / "left.safetensors", CompactNet(len(points)).state_dict(), header)
    config = {"weights": str(tmp_path / "left.safetensors")}
    right = make_estimator("ctrnet", config, RobotKinematics("baxter_right"))
    assert isinstance(right, MirroredEstimator)
    frame = Frame(np.zeros(7), PinholeCamera.from_fov(1.0, 64, 48), 0.0, np.zeros((48, 64, 3), np.uint8))
    assert right.estimate(frame).mask.shape == (48, 64)
    with pytest.raises(DataError, match=r"robot 'baxter', not 'panda'"):
        make_estimator("ctrnet", config, PANDA)


def turned(frame, pose, turns):
    """The frame and pose of the same camera rolled by quarter turns, the image clockwise."""
    c, angle = frame.camera, 0.5 * np.pi * turns
    camera = c
    for _ in range(turns):  # clockwise: x' = height - y, y' = x
        camera = PinholeCamera(camera.fy, camera.fx, camera.height - camera.cy, camera.cx, camera.height, camera.width)
    roll = transform(rotation=Rotation.from_rotvec([0.0, 0.0, angle]))
    image = np.zeros((camera.height, camera.width, 3), np.uint8)
    return Frame(frame.joint_positions, camera, frame.time_s, image), roll * pose


@pytest.mark.parametrize("turns", [0, 1, 2, 3])
@pytest.mark.parametrize("tracking", [False, True])
def test_crops_are_rotated_so_that_the_network_sees_an_upright_robot(weights, turns, tracking):
    frame, pose = turned(*view(size=(640, 400)), turns)
    estimator = prepared(weights, frame, pose, align_contour=True, tracking=tracking)
    estimator.detector.upright_only = True
    estimates = [estimator.estimate(frame) for _ in range(2)]
    for estimate in estimates:
        assert estimate.valid and difference(estimate.camera_T_base, pose) < 0.01
        assert np.trace(estimate.covariance[:3, :3]) < 0.02**2
    assert estimator.detector.crops[-1].quarter_turns == -turns % 4


def test_joint_angles_that_the_robot_cannot_take_are_rejected(weights):
    frame, pose = view()
    estimator = prepared(weights, frame, pose)
    degrees = Frame(np.degrees(frame.joint_positions), frame.camera, 0.0, frame.image)
    with pytest.raises(DataError, match="degrees"):
        estimator.estimate(degrees)
