from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctr_env.datasets.plausible_camera import require_plausible
from ctr_env.errors import DataError
from ctr_env.geometry import PinholeCamera

CAMERA = PinholeCamera(600.0, 605.0, 330.0, 228.0, 640, 480)


@given(st.floats(0.2, 2.4), st.floats(0.1, 0.9), st.floats(0.1, 0.9))
def test_usual_cameras_are_plausible(fov, u, v):
    camera = PinholeCamera.from_fov(fov, 640, 480, (u, v))
    assert require_plausible(camera) is camera


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"fx": 1.0, "fy": 1.0, "cx": 0.5, "cy": 0.5},
            "up to 89.91 from the optical axis; plausible are at least 5, up to 85",
        ),
        ({"fx": 4.2, "fy": 4.2}, "with focal lengths in pixels of that image"),  # millimetres
        ({"fx": 30_000.0, "fy": 30_000.0}, "field of view of 1.222 x .* degrees"),
        ({"cx": 960.0, "cy": 540.0}, r"principal point \(960, 540\) lies far outside the image of 640x480"),
        ({"cx": 0.51, "cy": -200.0}, "lies far outside"),
        (
            {"distortion": (1480.2, -233.1, 92.5, 11.2, -4.1)},
            "opencv lens model .* not invertible for .*% of the image",
        ),
        ({"distortion": (-3.0, -9.0, 5.0, -20.0), "lens_model": "equidistant"}, "equidistant lens model .*invertible"),
    ],
)
def test_impossible_intrinsics_are_rejected_with_their_values(change, message):
    with pytest.raises(DataError, match=f"implausible intrinsics: .*{message}"):
        require_plausible(replace(CAMERA, **change))


@pytest.mark.parametrize(
    "camera",
    [
        replace(CAMERA, distortion=(-0.27, 0.057, -0.0007, -0.0003, 0.0)),
        replace(CAMERA, distortion=(0.78, -2.98, 0.0007, 0.00006, 1.7, 0.66, -2.81, 1.63)),
        PinholeCamera(
            203.0, 203.0, 320.0, 240.0, 640, 480, (0.01, -0.002, 0.0, 0.0), "equidistant"
        ),  # 180 degrees wide
    ],
)
def test_real_lenses_are_plausible(camera):
    require_plausible(camera)
