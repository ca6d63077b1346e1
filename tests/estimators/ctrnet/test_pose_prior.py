import numpy as np

from ctr_env.estimators.ctrnet.pose_prior import draw_pose_prior, empty_pose_prior

SIZE = (256, 192)
POINTS = np.array([(40.0, 50.0), (120.5, 60.5), (200.0, 150.0), (60.0, 160.0)])


def test_no_hint_is_black():
    assert empty_pose_prior(SIZE).shape == (192, 256, 3)
    assert not empty_pose_prior(SIZE).any()


def test_points_are_discs_of_their_own_colours_where_they_are():
    prior = draw_pose_prior(POINTS, 1, SIZE)
    colours = [tuple(prior[int(y), int(x)]) for x, y in POINTS]
    assert len(set(colours)) == len(POINTS)
    for (x, y), colour in zip(POINTS, colours, strict=True):
        rows, columns = np.nonzero(np.all(prior == colour, axis=2))
        assert abs(columns.mean() + 0.5 - x) < 0.3
        assert abs(rows.mean() + 0.5 - y) < 0.3


def test_only_the_chain_is_joined_and_what_is_behind_the_camera_is_left_out():
    middle = tuple((0.5 * (POINTS[0] + POINTS[1])).astype(int)[::-1])
    assert draw_pose_prior(POINTS, 2, SIZE)[middle].any()
    assert not draw_pose_prior(POINTS, 1, SIZE)[middle].any()
    behind = POINTS.copy()
    behind[1] = np.nan
    prior = draw_pose_prior(behind, 3, SIZE)
    assert not prior[middle].any()
    assert not prior[60, 120].any()
    assert prior[50, 40].any()
    far = POINTS.copy()
    far[1] = 1e9, -1e9
    np.testing.assert_array_equal(draw_pose_prior(far, 3, SIZE), prior)
