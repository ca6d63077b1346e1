import json
import re

import cv2
import numpy as np
import pytest

from ctr_env.cli import main
from ctr_env.datasets.synthetic.sampler import FrameSampler
from ctr_env.runs.seeds import frame_seed
from ctr_env.scenes.robots.catalogue import get_robot

RENDERED = ["--data", "synthetic:test", "--frames", "2", "--width", "64", "--height", "48", "--randomization", "mild"]


def test_evaluate_runs_reports_and_resumes(tmp_path, capsys):
    out, copy = tmp_path / "run", tmp_path / "copy.json"
    arguments = ["evaluate", *RENDERED, "--estimator", "noisy", "--out", str(out), "--json", str(copy)]
    assert main(arguments) == 0
    shown = capsys.readouterr().out
    assert "ADD AUC" in shown
    for name in ("evaluate.png", "sheet.png", "evaluate.json"):
        assert str(out / name) in shown
        assert (out / name).is_file()
    result = json.loads(copy.read_text())
    assert result == json.loads((out / "evaluate.json").read_text())
    assert result["command"].startswith("ctr-env")
    assert result["config"]["estimator"] == "noisy"
    assert result["frames"] == 2
    assert main(arguments) == 0
    assert json.loads(copy.read_text()) == result


@pytest.mark.parametrize(
    "arguments, message",
    [
        (["--robot", "ur6"], "panda"),
        (["--data", "synthetic:holiday"], "valid names: train, validation, test"),
        (["--data", "nowhere"], "no frames"),
        (["--estimator", "magic"], "valid names: .*ground_truth"),
        (["--estimator", "noisy", "--weights", "net.safetensors"], "noisy has none"),
        (["--weights", "a", "--estimator.weights", "b"], "given twice"),
        (["--frames", "0"], "frames must be at least 1"),
        (["--randomization", "wild"], "valid names: none, mild, strong"),
        (["--images", "nowhere", "--joints", "q.csv"], "--images needs --camera, --pose too"),
        (["--joints", "q.csv"], "--joints belong to --images"),
        (["--images", "a", "--data", "b"], "give --data or --images, not both"),
    ],
)
def test_mistakes_end_with_one_line_and_no_results(arguments, message, tmp_path, capsys):
    out = tmp_path / "run"
    assert main(["evaluate", *arguments, "--out", str(out)]) == 1
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert re.search(message, error), error
    assert not out.exists()


def figures(out):
    """Records of the frames, without latencies."""
    result = json.loads((out / "evaluate.json").read_text())
    return [{name: value for name, value in each.items() if name != "latency_ms"} for each in result["per_frame"]]


def evaluated_twice(estimator, write_frames, folder):
    """Records of the same frames, rendered and read from a folder."""
    size = ["--width", "320", "--height", "240", "--randomization", "none"]
    rendered = ["--data", "synthetic:validation", "--frames", "2", *size]
    read = ["--data", str(write_frames(folder / "frames", 2))]
    for name, data in (("rendered", rendered), ("read", read)):
        assert main(["evaluate", *data, "--estimator", estimator, "--out", str(folder / name)]) == 0
    return zip(figures(folder / "rendered"), figures(folder / "read"), strict=True)


def test_labels_are_the_same_after_writing_and_reading(write_frames, tmp_path):
    for before, after in evaluated_twice("noisy", write_frames, tmp_path):
        assert before.keys() == after.keys()
        for key, value in before.items():
            if value is None or isinstance(value, str):
                assert after[key] == value
            else:
                np.testing.assert_allclose(after[key], value, atol=1e-9, err_msg=key)


@pytest.mark.slow
def test_images_are_the_same_after_writing_and_reading_up_to_compression(write_frames, tmp_path):
    for before, after in evaluated_twice("ctrnet", write_frames, tmp_path):
        assert before["valid"] and after["valid"]
        assert after["add_m"] == pytest.approx(before["add_m"], abs=0.003)
        assert after["mask_iou"] == pytest.approx(before["mask_iou"], abs=0.005)


def test_a_recording_is_evaluated_with_the_pose_of_its_camera(tmp_path, capsys):
    """The joint angles of one of four images cannot be read."""
    sampler = FrameSampler("panda", 320, 240, "none", fixed_camera=7)
    frames = [sampler.sample(frame_seed("validation", 54, i)) for i in range(4)]
    sampler.close()
    (tmp_path / "images").mkdir()
    lines = [",".join(get_robot("panda").arm_joints)]
    for i, frame in enumerate(frames):
        cv2.imwrite(str(tmp_path / "images" / f"{i}.png"), frame.image[..., ::-1])
        lines.append(",".join("x" if i == 2 else str(q) for q in frame.joint_positions))
    (tmp_path / "q.csv").write_text("\n".join(lines) + "\n")
    K = frames[0].camera.opencv_matrix.ravel().tolist()
    (tmp_path / "camera.yaml").write_text(f"image_width: 320\nimage_height: 240\ncamera_matrix: {{data: {K}}}\n")
    pose = {"camera_T_base": frames[0].camera_T_base.as_matrix().tolist()}
    (tmp_path / "pose.json").write_text(json.dumps(pose))
    files = (("images", "images"), ("joints", "q.csv"), ("camera", "camera.yaml"), ("pose", "pose.json"))
    given = [word for option, file in files for word in (f"--{option}", str(tmp_path / file))]
    assert main(["evaluate", *given, "--out", str(tmp_path / "out")]) == 0
    shown = capsys.readouterr().out
    assert "1 frames rejected, the first: q.csv" in shown and "rank correlation" in shown
    result = json.loads((tmp_path / "out" / "evaluate.json").read_text())
    assert [each["name"] for each in result["per_frame"]] == ["0.png", "1.png", "3.png"]
    assert result["summary"]["add_median_m"] < 0.015
    moved = frames[0].camera_T_base.as_matrix()
    moved[0, 3] += 0.1
    (tmp_path / "pose.json").write_text(json.dumps({"camera_T_base": moved.tolist()}))
    assert main(["evaluate", *given, "--out", str(tmp_path / "out")]) == 1
    assert "holds an evaluate run with recording=" in capsys.readouterr().err
    assert main(["evaluate", *given, "--frames", "1", "--estimator", "ground_truth", "--out", str(tmp_path / "t")]) == 0
    assert json.loads((tmp_path / "t" / "evaluate.json").read_text())["summary"]["add_median_m"] < 1e-9
