"""Estimate the camera's pose from one image with CtRNet: from a file, or a rendered one.

python examples/pose_from_image.py --image arm.png --joints 0 -0.5 0 -2.3 0 1.8 0.785 --intrinsics 615 615 328 252
"""

import argparse
import re
import sys
from pathlib import Path

import imageio.v3 as iio
import numpy as np

import ctr_env
from ctr_env.datasets.synthetic.sampler import FrameSampler
from ctr_env.runs.seeds import frame_seed

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--robot", default="panda")
parser.add_argument("--image", type=Path)
parser.add_argument("--joints", type=float, nargs="+", help="joint positions, rad")
parser.add_argument("--intrinsics", type=float, nargs=4, metavar=("FX", "FY", "CX", "CY"), help="pixels")
parser.add_argument("--out", type=Path, help="file for an image with mask and keypoints")
# argparse takes -9.7e-01 for an option: negative numbers are given to it without an exponent
number = re.compile(r"-[0-9.]+(e[-+]?[0-9]+)?", re.IGNORECASE)
words = [np.format_float_positional(float(w), trim="0") if number.fullmatch(w) else w for w in sys.argv[1:]]
options = parser.parse_args(words)

kinematics = ctr_env.RobotKinematics(options.robot)
truth = None
if options.image:
    image = ctr_env.read_image(options.image)
    camera = ctr_env.PinholeCamera(*options.intrinsics, width=image.shape[1], height=image.shape[0])
    frame = ctr_env.Frame(np.array(options.joints), camera, time_s=0.0, image=image)
else:
    labelled = FrameSampler(options.robot, randomization="mild").sample(frame_seed("validation", 0, 0))
    frame, truth = labelled.frame(), labelled.camera_T_base

estimate = ctr_env.make_estimator("ctrnet", {}, kinematics).estimate(frame)
print("camera_T_base:\n", estimate.camera_T_base.as_matrix().round(4))
std = np.sqrt(np.diag(estimate.covariance))
print(f"standard deviation: {1e3 * std[:3].round(4)} mm, {1e3 * std[3:].round(4)} mrad")
print("valid" if estimate.valid else f"not valid: {estimate.reason}")
if truth is not None:
    distance, angle = ctr_env.pose_error(estimate.camera_T_base, truth)
    print(f"error: {1e3 * distance:.1f} mm, {np.degrees(angle):.2f} deg")
if options.out:
    image = frame.image.copy()
    image[estimate.mask > 0.5] = 0.6 * image[estimate.mask > 0.5] + 0.4 * np.array([40, 220, 60])
    drawn = (estimate.keypoint_confidence > 0.3) & frame.camera.contains(estimate.keypoints_px)
    for x, y in estimate.keypoints_px[drawn].astype(int):
        image[max(y - 2, 0) : y + 2, max(x - 2, 0) : x + 2] = 235, 40, 40
    iio.imwrite(options.out, image)
