"""Sequences of images that are tracked side by side, with results that are given."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from ctr_env.estimators.ctrnet.hypothesis import PoseHypothesis
from ctr_env.estimators.ctrnet.passes import reacquisition_passes, search_passes, tracking_passes
from ctr_env.estimators.ctrnet.tracking import Track, next_hypotheses
from ctr_env.geometry import transform


def pose(number):
    return transform((0.0, 0.0, float(number)))


class Pipeline:
    """Finds the pose of an image's number, and records what it is given."""

    def __init__(self):
        self.calls = []

    def run(self, views, passes):
        self.calls.append(([view.number for view in views], list(passes)))
        return [replace(PoseHypothesis.from_pose(pose(view.number)), doubtful=False) for view in views]


def rejecting(*images):
    """Rejects some images in their first passes."""
    left = list(images)

    def judged(view, hypothesis):
        if view.number in left:
            left.remove(view.number)
            return hypothesis, "contour_mismatch"
        return hypothesis, ""

    return judged


def views(count):
    return [SimpleNamespace(number=i) for i in range(count)]


def step(tracks, judged):
    pipeline = Pipeline()
    found = next_hypotheses(pipeline, views(len(tracks)), tracks, 2, True, judged)
    return pipeline.calls, found


def test_images_with_the_same_passes_go_through_the_network_together():
    tracks = [Track(), Track(pose(5), 0), Track(None, 1), Track(pose(6), 0), Track(None, 6)]
    calls, found = step(tracks, rejecting(3))
    tracked, *searched = calls
    assert tracked[0] == [1, 3]
    assert [prior.translation[2] for prior in tracked[1][0].prior] == [5.0, 6.0]
    expected = [
        ([0], search_passes(2, True)),
        ([2, 4], reacquisition_passes(2, True, 1)),
        ([3], reacquisition_passes(2, True, 0)),
    ]
    assert sorted(searched, key=lambda call: call[0]) == expected
    assert [hypothesis.camera_T_base.translation[2] for hypothesis, _ in found] == [0, 1, 2, 3, 4]
    assert [track.misses for track in tracks] == [0] * 5
    assert [track.last.translation[2] for track in tracks] == [0, 1, 2, 3, 4]


def test_sequences_do_not_depend_on_each_other():
    """Every track goes on as it does alone."""
    start = [Track(), Track(pose(5), 0), Track(None, 2)]
    alone = [replace(track) for track in start]
    together, found = [replace(track) for track in start], []
    for rejected in ((0, 1, 1), (2,), (0, 0, 2)):
        _, found = step(together, rejecting(*rejected))
        for number, track in enumerate(alone):
            pipeline = Pipeline()
            (single,) = next_hypotheses(pipeline, views(3)[number : number + 1], [track], 2, True, rejecting(*rejected))
            assert single[1] == found[number][1]
    assert [track.misses for track in together] == [track.misses for track in alone]
    assert [track.last is None for track in together] == [track.last is None for track in alone]


def test_misses_are_counted_from_the_second_rejected_image_on():
    track = Track()
    hypothesis = PoseHypothesis.from_pose(pose(1))
    for misses in (0, 1, 2):
        track.record(hypothesis, "uncertain")
        assert (track.misses, track.last) == (misses, None)
    track.record(hypothesis, "")
    assert track.misses == 0
    np.testing.assert_array_equal(track.last.as_matrix(), pose(1).as_matrix())


@pytest.mark.parametrize("count", [8, 9, 20])
def test_large_batches_are_divided(count):
    calls, found = step([Track(pose(i), 0) for i in range(count)], rejecting())
    assert [image for images, _ in calls for image in images] == list(range(count)) and len(found) == count
    assert max(len(images) for images, _ in calls) == 8


def test_each_image_can_have_its_own_prior():
    (first,) = tracking_passes((pose(1), pose(2)), align=True)
    starts = first.starts([None, None], {})
    assert [starts[i].camera_T_base.translation[2] for i in (0, 1)] == [1.0, 2.0]
