import imageio.v3 as iio
import numpy as np
import pytest

from ctr_env.evaluation.pose.plots import plot_poses


def records(frames, valid_share):
    rng = np.random.default_rng(0)
    for i in range(frames):
        valid = i < valid_share * frames
        error = float(rng.exponential(0.02))
        yield {
            "valid": valid,
            "add_m": error if valid else None,
            "translation_error_m": error if valid else None,
            "rotation_error_rad": error if valid else None,
            "nees": float(rng.chisquare(6)) if valid else None,
            "keypoints_in_frame": [True] * 5 + [False] * 2,
            "keypoint_errors_px": [100 * error] * 7 if valid else None,
            "visibility": 5 / 7,
            "distance_m": float(rng.uniform(0.8, 2.0)),
        }


@pytest.mark.parametrize("frames, valid_share", [(1, 1.0), (1, 0.0), (60, 0.8), (60, 0.3), (60, 0.0)])
def test_plots_need_neither_many_nor_valid_estimates(frames, valid_share, tmp_path, recwarn):
    path = tmp_path / "evaluate.png"
    plot_poses(list(records(frames, valid_share)), path, "title")
    assert iio.imread(path).std() > 10
    assert not [str(warning.message) for warning in recwarn]
