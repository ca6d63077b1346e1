import numpy as np
from scipy.spatial.transform import RigidTransform

from ctr_env.calibration.static_camera import PseudoLabel
from ctr_env.learning.self_training.teacher import Evaluation


def test_an_evaluation_sums_up_the_pseudo_labels():
    labels = [
        PseudoLabel(RigidTransform.identity(), 0.8, 0.6, 0.0, usable=True),
        PseudoLabel(RigidTransform.identity(), 0.4, 0.2, 0.0, usable=True),
        PseudoLabel(None, 0.0, 0.0, np.inf, usable=False),
    ]
    found = Evaluation.of(labels, 0.5)
    np.testing.assert_allclose((found.score, found.usable, found.contour_inlier_ratio), (1 / 3, 2 / 3, 0.4))


def test_the_record_keeps_the_name_that_result_files_have():
    assert Evaluation(0.0, 0.5, 1.0, 0.7).record() == {
        "progress": 0.0,
        "score": 0.5,
        "usable": 1.0,
        "contour_inlier_ratio": 0.7,
        "explained": 0.7,
    }
