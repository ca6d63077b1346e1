from dataclasses import replace

import numpy as np

from ctr_env.estimators.ctrnet.hypothesis import PoseHypothesis
from ctr_env.estimators.ctrnet.passes import TemplateSearch, reacquisition_passes, search_passes, tracking_passes
from ctr_env.geometry import transform

POSE = transform((0.0, 0.0, 1.5))


def test_a_search_is_coarse_then_refined_then_retries_in_pairs_then_templates():
    *schedule, last = search_passes(3, align=True)
    assert last == TemplateSearch()
    assert [step.retry for step in schedule[:3]] == [False] * 3
    assert [step.align for step in schedule[:3]] == [False, False, True]
    retries = schedule[3:]
    assert all(step.retry for step in retries) and len(retries) == 8
    assert [step.follows for step in retries] == [False, True] * 4
    assert search_passes(2, align=False) == search_passes(2, align=True)[:1] + search_passes(3, align=False)[1:2]


def test_a_lost_track_makes_every_retry_once_in_five_images():
    """Each image gets one pair of passes after the refined one, or templates; together they are those of a search."""
    shares = [reacquisition_passes(2, align=True, number=number) for number in range(10)]
    *full, last = search_passes(2, align=True)
    pairs = [share for share in shares[:5] if share[2:] != [last]]
    assert len(pairs) == 4
    assert all(share[:2] == full[:2] and len(share) == 4 and share[3] == full[3] for share in pairs)
    assert {share[2].crop for share in pairs} == {step.crop for step in full[2::2]}
    assert shares[5:] == shares[:5]
    assert len(reacquisition_passes(2, align=False, number=0)) == 2


def test_retries_start_from_doubtful_hypotheses_alone():
    sure = PoseHypothesis.from_pose(POSE)
    sure = type(sure)(sure.crop, camera_T_base=POSE, status="", doubtful=False)
    doubtful = PoseHypothesis.from_pose(POSE)
    retry = search_passes(2, align=True)[2]
    assert list(retry.starts([sure, doubtful, None], {})) == [1]
    following = search_passes(2, align=True)[3]
    assert following.starts([sure, doubtful], {0: doubtful}) == {0: doubtful}


def test_templates_are_for_doubtful_hypotheses_and_small_robots():
    doubtful = PoseHypothesis.from_pose(POSE)
    sure = replace(doubtful, doubtful=False)
    small = replace(sure, crop=replace(sure.crop, scale=1.5))
    assert TemplateSearch().starts([sure, doubtful, None, small]) == {1: doubtful, 3: small}


def test_tracking_starts_from_the_previous_pose_in_every_image():
    (step,) = tracking_passes(POSE, align=True)
    starts = step.starts([None, None], {})
    assert set(starts) == {0, 1}
    assert all(np.array_equal(h.camera_T_base.as_matrix(), POSE.as_matrix()) for h in starts.values())
