import json

import imageio.v3 as iio
import numpy as np
import pytest

from ctr_env.datasets.dream_writer import write_frame, write_settings
from ctr_env.datasets.labelled import LabelledFrame
from ctr_env.estimators import NoisyEstimator, PoseEstimate, PoseEstimator
from ctr_env.evaluation.pose.runner import run_pose_study
from ctr_env.evaluation.pose.study import PoseStudy
from ctr_env.geometry import PinholeCamera, look_at
from ctr_env.scenes.robots.kinematics import RobotKinematics

CAMERA = PinholeCamera.from_fov(1.1, 64, 48)


def write_folder(folder, frames, real=False):
    """Frames of one camera; ``real``: with only the labels that DREAM's real sets have."""
    k, rng = RobotKinematics("panda"), np.random.default_rng(0)
    for i in range(frames):
        joints = k.home + rng.uniform(-0.4, 0.4, k.n)
        pose = look_at([1.6, rng.uniform(-0.5, 0.5), 0.7], [0.2, 0.0, 0.4]).inv()
        points = pose.apply(k.keypoints(joints))
        image = rng.integers(0, 255, (48, 64, 3), dtype=np.uint8)
        mask = np.zeros((48, 64), bool)
        mask[10:30, 20:40] = True
        name = f"{i:06d}"
        write_frame(
            folder, k.robot, LabelledFrame(name, image, CAMERA, joints, pose, points, CAMERA.project(points), mask), {}
        )
        if real:
            (folder / f"{name}.mask.png").unlink()
            labels = json.loads((folder / f"{name}.json").read_text())
            robot = {"class": "panda", "visibility": 1, "location": points[0].tolist()}
            robot["keypoints"] = labels["objects"][0]["keypoints"]
            bare = {"objects": [robot], "sim_state": labels["sim_state"]}
            (folder / f"{name}.json").write_text(json.dumps(bare))
    write_settings(folder, k.robot, CAMERA)
    return folder


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_folder(tmp_path_factory.mktemp("frames"), 6)


@pytest.fixture(scope="module")
def real(tmp_path_factory):
    return write_folder(tmp_path_factory.mktemp("real"), 4, real=True)


def without_times(result):
    for record in result["per_frame"]:
        del record["latency_ms"]
    del result["summary"]["latency_ms"]
    return result


class MaskEstimator(PoseEstimator):
    """Returns the mask of the folder's frames and no valid pose."""

    def estimate(self, frame):
        mask = np.zeros((24, 32), np.float32)
        mask[5:15, 10:20] = 1.0
        return PoseEstimate(**(vars(PoseEstimate.invalid("masks_only", frame.time_s)) | {"mask_source": mask}))


def test_the_ground_truth_estimator_is_perfect(folder, tmp_path):
    study = PoseStudy(data=str(folder), estimator="ground_truth")
    result = run_pose_study(study, tmp_path, "command")
    assert json.loads((tmp_path / "evaluate.json").read_text()) == result
    assert result["schema"] == "ctr_env/evaluate@1"
    assert result["command"] == "command"
    assert result["frames"] == len(result["per_frame"]) == 6
    assert result["skipped"] == []
    assert {"panda", str(folder), 6} <= {v for v in result["config"].values() if isinstance(v, str | int)}
    assert "torch" in result["versions"]
    assert result["uncertainty"] == ""
    assert result["conventions"] == {
        "units": "m", "units_from": "keypoints", "pixel_centres": "half", "pixel_centres_from": "file",
    }  # fmt: skip
    summary = result["summary"]
    assert summary["add_auc_dream"] == pytest.approx(100.0)
    assert summary["add_auc_ctrnet"] == pytest.approx(99.9)
    assert summary["pck2d"] == {"2.5": 1.0, "5": 1.0, "10": 1.0, "50": 1.0}
    assert summary["mask_iou"] is None
    assert summary["nees"]["n"] == 0
    for name in ("evaluate.png", "sheet.png"):
        assert iio.imread(tmp_path / name).std() > 5
    assert not list(tmp_path.glob(".*"))


def test_noise_of_known_covariance_is_calibrated(tmp_path):
    study = PoseStudy(data=str(write_folder(tmp_path / "data", 80)), estimator="noisy")
    summary = run_pose_study(study, tmp_path / "out")["summary"]
    assert summary["nees"]["n"] == 80
    assert summary["nees"]["mean"] == pytest.approx(6.0, abs=1.3)  # standard deviation of this mean: 0.39
    assert summary["translation_error_m"]["mean"] == pytest.approx(0.005 * np.sqrt(8 / np.pi), rel=0.15)


def test_a_folder_with_the_labels_of_real_sets_only_can_be_evaluated(real, tmp_path):
    result = run_pose_study(PoseStudy(data=str(real), frames=3), tmp_path)
    assert result["frames"] == 3
    assert result["summary"]["add_auc_dream"] == pytest.approx(100.0, abs=0.01)
    assert result["per_frame"][0]["mask_share"] is None


def test_masks_are_evaluated_without_valid_poses(folder, tmp_path):
    result = run_pose_study(PoseStudy(data=str(folder), estimator=MaskEstimator()), tmp_path)
    assert result["config"]["estimator"] == "MaskEstimator"
    assert result["summary"]["mask_iou"] > 0.9
    assert result["summary"]["add_auc_ctrnet"] == 0.0
    assert result["summary"]["failures"] == {"masks_only": 6}


def test_unusable_frames_are_rejected_with_their_reason(tmp_path):
    data = write_folder(tmp_path / "data", 6, real=True)
    (data / "000000.rgb.jpg").write_bytes(b"not an image")
    (data / "000001.json").write_text("{")
    (data / "000002.rgb.jpg").unlink()
    labels = json.loads((data / "000003.json").read_text())
    labels["objects"][0]["keypoints"] = labels["objects"][0]["keypoints"][:2]
    (data / "000003.json").write_text(json.dumps(labels))
    done = []
    result = run_pose_study(
        PoseStudy(data=str(data)), tmp_path / "out", on_frame=lambda i, n, record: done.append((i, n, record is None))
    )
    assert result["frames"] == 2
    skipped = result["skipped"]
    assert [entry["file"] for entry in skipped] == ["000000.rgb.jpg", "000001.json", "000002.json", "000003.json"]
    for entry, reason in zip(skipped, ("not an image", "not understood", "no image", "fewer than 3"), strict=True):
        assert reason in entry["reason"]
    assert done == [(i + 1, 6, i < 4) for i in range(6)]
    for file in data.glob("*.jpg"):
        file.unlink()
    with pytest.raises(ValueError, match=r"no frame of .* can be used; the first: 000000.json"):
        run_pose_study(PoseStudy(data=str(data)), tmp_path / "none")


def test_an_interrupted_evaluation_resumes_with_the_missing_frames_and_the_same_result(folder, tmp_path, monkeypatch):
    study = PoseStudy(data=str(folder), estimator="noisy", estimator_config={"dropout": 0.3})
    whole = run_pose_study(study, tmp_path / "whole")

    def stop(done, total, record):
        if done == 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_pose_study(study, tmp_path / "resumed", on_frame=stop)
    times = []
    original = NoisyEstimator.estimate
    monkeypatch.setattr(NoisyEstimator, "estimate", lambda self, frame: times.append(0) or original(self, frame))
    monkeypatch.setattr("ctr_env.evaluation.pose.runner._write_sheet", lambda *args: None)
    resumed = run_pose_study(study, tmp_path / "resumed")
    assert len(times) == 3  # two frames, and the first of them once more
    assert without_times(resumed) == without_times(whole)


def test_a_larger_number_of_frames_resumes_from_a_smaller_one(folder, tmp_path):
    few = run_pose_study(PoseStudy(data=str(folder), estimator="noisy", frames=2), tmp_path)
    more = run_pose_study(PoseStudy(data=str(folder), estimator="noisy", frames=5), tmp_path)
    assert more["per_frame"][:2] == few["per_frame"]
    assert more["config"]["frames"] == 5


def test_changed_files_are_evaluated_again(tmp_path):
    data = write_folder(tmp_path / "data", 2)
    study = PoseStudy(data=str(data), estimator="noisy")
    first = run_pose_study(study, tmp_path / "out")
    (data / "000001.json").write_text((data / "000000.json").read_text() + "\n")
    second = run_pose_study(study, tmp_path / "out")
    assert second["per_frame"][0] == first["per_frame"][0]
    assert second["per_frame"][1]["distance_m"] == first["per_frame"][0]["distance_m"]


def test_a_folder_of_another_evaluation_is_rejected(folder, tmp_path):
    run_pose_study(PoseStudy(data=str(folder), frames=1), tmp_path)
    with pytest.raises(ValueError, match="holds an evaluate run with estimator="):
        run_pose_study(PoseStudy(data=str(folder), frames=1, estimator="noisy"), tmp_path)


def test_generated_frames_repeat_and_show_a_board_for_estimators_that_need_one(tmp_path):
    small = {"frames": 2, "width": 320, "height": 240, "randomization": "mild"}
    result = run_pose_study(PoseStudy(estimator="charuco", **small), tmp_path / "a")
    again = run_pose_study(PoseStudy(estimator="charuco", **small), tmp_path / "b")
    assert without_times(result) == without_times(again)
    assert [record["name"] for record in result["per_frame"]] == ["000000", "000001"]
    assert result["per_frame"][0]["mask_share"] > 0.0
    assert result["summary"]["picture_sizes"] == ["320x240"]
