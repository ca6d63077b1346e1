"""The pose of a robot's base from an exported network and PnP, as a ROS node or a C++ program would find it.

    ctr-env export-onnx --robot panda --out runs/onnx
    python examples/onnx_pose.py --model runs/onnx/panda.onnx

The image and the joint angles come from the simulator here; docs/howto/onnx.md describes every step.
"""

from __future__ import annotations

import argparse
import json

import cv2
import numpy as np
import onnxruntime
from scipy.optimize import least_squares

from ctr_env.datasets.synthetic.sampler import FrameSampler
from ctr_env.runs.seeds import frame_seed
from ctr_env.scenes.robots.kinematics import RobotKinematics


def crop(image: np.ndarray, scale: float, offset: np.ndarray, size: tuple[int, int], border: int) -> np.ndarray:
    """The input that shows ``scale * pixel + offset``; pixel centres are integers for OpenCV, halves here."""
    while scale <= 0.5:  # averaged first, or thin structures alias
        image, scale = cv2.resize(image, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA), 2.0 * scale
    shift = offset + 0.5 * scale - 0.5
    return cv2.warpAffine(
        image, np.array([[scale, 0, shift[0]], [0, scale, shift[1]]]), size, borderValue=(border,) * 3
    )


def draw_prior(pixels: np.ndarray, chain: int, size: tuple[int, int]) -> np.ndarray:
    """Lines along the arm and discs at the keypoints, ``(K, 2)`` pixels of the input."""
    prior = np.zeros((size[1], size[0], 3), np.uint8)
    shares = (np.arange(len(pixels))[:, None] * np.array([0.754878, 0.569840, 0.430160]) + 0.5) % 1.0
    colours = (60.0 + 195.0 * shares).astype(int).tolist()
    places = [tuple(p) for p in np.round((pixels - 0.5) * 16).astype(int).tolist()]
    for i in range(chain - 1):
        cv2.line(prior, places[i], places[i + 1], colours[i], round(0.025 * size[1]), cv2.LINE_8, 4)
    for place, colour in zip(places, colours, strict=True):
        cv2.circle(prior, place, int(0.015 * size[1] * 16), colour, -1, cv2.LINE_8, 4)
    return prior


parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--model", required=True, help="ONNX file")
parser.add_argument("--frame", type=int, default=0, help="number of the simulated test frame")
arguments = parser.parse_args()

session = onnxruntime.InferenceSession(arguments.model, providers=["CPUExecutionProvider"])
about = session.get_modelmeta().custom_metadata_map
robot, size, border = about["robot"], tuple(json.loads(about["input_size"])), json.loads(about["border"])
links, *places = zip(*json.loads(about["keypoints"]), strict=True)
frame = FrameSampler(robot).sample(frame_seed("test", 0, arguments.frame))
points = RobotKinematics(robot).points(frame.joint_positions, links, np.stack(places, axis=1))
camera, extent = frame.camera, np.array(frame.image.shape[1::-1])
K = np.array([[camera.fx, 0, camera.cx], [0, camera.fy, camera.cy], [0, 0, 1]])

low, high, pixels = np.zeros(2), extent.astype(float), None
for number in (1, 2):
    scale = float(np.min(np.array(size) / (high - low)))
    offset = 0.5 * np.array(size) - 0.5 * scale * (low + high)
    image = crop(frame.image, scale, offset, size, border)
    prior = (
        np.zeros_like(image)
        if pixels is None
        else draw_prior(scale * pixels + offset, json.loads(about["chain"]), size)
    )
    found, variance, confidence, _ = session.run(None, {"image": image[None], "prior": prior[None]})
    used = confidence[0] >= 0.3
    seen = (found[0][used].astype(float) - offset) / scale
    solved, rotation, position = cv2.solvePnP(points[used], seen, K, None, flags=cv2.SOLVEPNP_SQPNP)
    assert solved, "too few keypoints"
    std = np.sqrt(variance[0][used].astype(float))[:, None] / scale

    def residuals(pose: np.ndarray, used=used, seen=seen, std=std) -> np.ndarray:
        return ((cv2.projectPoints(points[used], pose[:3], pose[3:], K, None)[0][:, 0] - seen) / std).ravel()

    pose = least_squares(residuals, np.append(rotation, position), loss="soft_l1").x
    error = np.linalg.norm(pose[3:] - frame.camera_T_base.translation)
    print(f"pass {number}: base at {np.round(pose[3:], 3)} m in the camera, {1e3 * error:.1f} mm from the truth")
    pixels = cv2.projectPoints(points, pose[:3], pose[3:], K, None)[0][:, 0]
    inside = np.clip(pixels, 0, extent)
    middle, half = 0.5 * (inside.min(axis=0) + inside.max(axis=0)), 0.625 * np.ptp(inside, axis=0)
    low, high = middle - half, middle + half
