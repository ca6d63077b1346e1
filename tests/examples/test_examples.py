"""The examples run in processes of their own, with short episodes."""

import re
import subprocess
import sys
from pathlib import Path

import imageio.v3 as iio
import numpy as np
import pytest

from ctr_env.cli.main import main
from ctr_env.datasets.synthetic.sampler import FrameSampler
from ctr_env.geometry import pose_error
from ctr_env.runs.seeds import frame_seed
from ctr_env.scenes.robots.kinematics import RobotKinematics

EXAMPLES = Path(__file__).parents[2] / "examples"
RUNS = {
    "servo_by_hand.py": [],
    "real_robot.py": ["--seconds", "4"],
    "own_estimator.py": ["--episodes", "1"],
    "own_controller.py": ["--episodes", "1"],
    "compare_controllers.py": ["--seeds", "2", "--seconds", "1", "--workers", "1"],
    "sim_to_real.py": [
        *("--perturbations", "joint_bias_rad", "--estimator", "noisy"),
        *("--seeds", "1", "--seconds", "0.5", "--workers", "1"),
    ],
    "pose_from_image.py": [],
    "onnx_pose.py": ["--frame", "2"],
    "agent_in_benchmark.py": ["--steps", "480", "--episodes", "2", "--seconds", "0.5"],
    "pick_block.py": ["--episodes", "2"],
    "push_block.py": ["--episodes", "2"],
    "train_ppo.py": ["--steps", "480", "--envs", "1", "--rollout", "240", "--episodes", "1"],
}
LONGER = {"real_robot.py": 140, "onnx_pose.py": 90}


def imports_of(name):
    """Import statements of this package."""
    lines = (EXAMPLES / name).read_text().splitlines()
    return [line for line in lines if re.match(r"(import|from) ctr_env", line)]


def run(name, *more):
    command = [sys.executable, "-P", str(EXAMPLES / name), *RUNS[name], *more]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=300).stdout


def test_every_example_is_short_and_runs_here():
    assert {path.name for path in EXAMPLES.glob("*.py")} == set(RUNS)
    for name in RUNS:
        assert len((EXAMPLES / name).read_text().splitlines()) <= LONGER.get(name, 80)


def test_the_live_loop_needs_at_most_three_import_lines():
    assert 1 <= len(imports_of("real_robot.py")) <= 3


def test_a_script_picks_blocks_up():
    assert "2 of 2 blocks picked with ground_truth, none" in run("pick_block.py")


def test_a_script_pushes_blocks_to_their_goals():
    assert "2 of 2 blocks pushed with ground_truth, none" in run("push_block.py")


def test_servo_by_hand_reaches_the_goal():
    error = float(re.search(r"goal: ([\d.]+) mm", run("servo_by_hand.py"))[1])
    assert error < 40  # the noisy estimate's own error


def test_the_mean_of_estimates_is_more_accurate_than_one():
    plain, averaged = (float(x) for x in re.findall(r"error ([\d.]+) mm", run("own_estimator.py")))
    assert averaged < plain


def test_own_controller_settles_at_the_goal():
    error, time = re.search(r"true error ([\d.]+) mm, settled after ([\d.]+) s", run("own_controller.py")).groups()
    assert float(error) < 5 and 0.5 < float(time) < 5


def test_two_controllers_are_compared_in_the_same_episodes(tmp_path):
    output = run("compare_controllers.py", "--out", str(tmp_path / "study"))
    assert re.search(r"minus pbvs: -[\d.]+ mm, 95 % interval .*, 4 pairs", output), (
        output
    )  # within a second, PBVS is behind
    assert "own_controller:ResolvedRate" in (tmp_path / "study" / "report.html").read_text()


def test_sim_to_real_ablation_has_a_row_for_every_level(tmp_path):
    output = run("sim_to_real.py", "--out", str(tmp_path))
    assert re.findall(r"joint_bias_rad ([\d.]+): \d/1 succeeded", output) == ["0.0", "0.01", "0.02"]
    page = (tmp_path / "joint_bias_rad" / "report.html").read_text()
    assert "Accuracy against perturbation.joint_bias_rad" in page and "data:video/mp4" in page


@pytest.mark.slow
@pytest.mark.parametrize("name", ["train_ppo.py"])
def test_training_runs(name):
    assert re.search(r"mean final error: \d+ mm untrained, \d+ mm after 480 steps", run(name))


@pytest.mark.slow
def test_an_agent_takes_part_in_the_benchmark_by_a_short_adapter(tmp_path):
    output = run("agent_in_benchmark.py", "--out", str(tmp_path))
    assert re.search(r"agent [\d.]+ mm, pbvs [\d.]+ mm in 2 episodes\ndifference -?[\d.]+ to", output), output
    text = (EXAMPLES / "agent_in_benchmark.py").read_text()
    adapter = text[text.index("class Agent") : text.index("def train")].strip()
    assert len(adapter.splitlines()) <= 20
    assert len(text.splitlines()) <= 80


def test_pose_from_image_is_valid_and_accurate():
    output = run("pose_from_image.py")
    assert "valid" in output.splitlines()[-2]
    assert float(re.search(r"error: ([\d.]+) mm", output)[1]) < 100


def test_pose_from_image_takes_negative_numbers_in_exponent_form(tmp_path):
    sampler = FrameSampler("panda", 320, 240, "none", fixed_camera=7)
    frame = sampler.sample(frame_seed("validation", 60, 1))
    sampler.close()
    iio.imwrite(tmp_path / "image.png", frame.image)
    camera, printed = frame.camera, {}
    values = np.round([*frame.joint_positions, camera.fx, camera.fy, camera.cx, camera.cy], 4)
    for form in ("{:.12e}", "{:.8f}"):
        given = [form.format(value) for value in values]
        joints, intrinsics = given[:7], given[7:]
        image = ("--image", str(tmp_path / "image.png"), "--out", str(tmp_path / "out.png"))
        printed[form] = run("pose_from_image.py", *image, "--joints", *joints, "--intrinsics", *intrinsics)
    assert any(word.startswith("-") for word in joints)
    assert len(set(printed.values())) == 1
    changed = (iio.imread(tmp_path / "out.png") != frame.image).any(axis=-1)
    assert 0.0 < changed.mean() < 0.6


def test_an_exported_network_finds_the_pose(tmp_path):
    assert main(["export-onnx", "--robot", "panda", "--out", str(tmp_path)]) == 0
    output = run("onnx_pose.py", "--model", str(tmp_path / "panda.onnx"))
    assert float(re.search(r"pass 2: .* ([\d.]+) mm from the truth", output)[1]) < 60


def test_the_live_loop_runs_on_a_recording(tmp_path):
    """The arm in the video is at rest: the twists point towards the goal, and the distance to it does not change."""
    robot = RobotKinematics("panda")
    sampler = FrameSampler("panda", 320, 240, "none", fixed_camera=7)
    frame = sampler.sample(frame_seed("validation", 60, 0))
    sampler.close()
    iio.imwrite(tmp_path / "video.mp4", [frame.image] * 12, fps=10)
    row = ",".join(str(q) for q in frame.joint_positions)
    (tmp_path / "joints.csv").write_text("\n".join([",".join(robot.robot.arm_joints), *[row] * 12]))
    K = frame.camera.opencv_matrix.ravel().tolist()
    (tmp_path / "camera.yaml").write_text(f"image_width: 320\nimage_height: 240\ncamera_matrix: {K}\n")
    more = [f"--{name}={tmp_path / file}" for name, file in (
        ("images", "video.mp4"), ("joints", "joints.csv"), ("camera", "camera.yaml"))]  # fmt: skip
    output = run("real_robot.py", *more)
    wanted = robot.base_T_ee(robot.home + np.array([0.3, 0.2, -0.2, 0.2, 0.1, 0.2, 0.1]))
    left_mm = 1e3 * pose_error(robot.base_T_ee(frame.joint_positions), wanted)[0]
    assert float(re.search(r"goal: ([\d.]+) mm", output)[1]) == pytest.approx(left_mm, abs=0.1)
    assert re.search(r"1\.0 s  servo +[1-9][\d.]* mm/s", output), output


def test_the_live_loop_names_missing_options():
    command = [sys.executable, "-P", str(EXAMPLES / "real_robot.py"), "--images", "video.mp4"]
    found = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert (
        found.returncode == 2
        and "--images needs --camera and, unless it is the number of a camera, --joints" in found.stderr
    )


def test_the_live_loop_reaches_the_goal():
    assert float(re.search(r"goal: ([\d.]+) mm", run("real_robot.py"))[1]) < 10
