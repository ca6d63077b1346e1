import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ctr_env.runs.seeds import FRAMES_PER_SET, SPLITS, camera_seed, episode_seed, frame_seed

NUMBERS = st.tuples(st.sampled_from(SPLITS), st.integers(0, 99_999), st.integers(0, FRAMES_PER_SET - 1))


@settings(deadline=None)
@given(NUMBERS, NUMBERS)
def test_no_two_frames_share_a_seed_and_none_has_an_environments(one, other):
    assert (frame_seed(*one) == frame_seed(*other)) == (one == other)
    assert frame_seed(*one) >= 10**12


def test_no_two_episodes_share_a_seed_and_none_has_a_frames_or_a_cameras():
    last = FRAMES_PER_SET - 1
    assert episode_seed("train", 0, 0) > max(camera_seed(10**12 - 1), frame_seed("test", 99_999, last))
    assert episode_seed("train", 0, last) + 1 == episode_seed("train", 1, 0)
    assert episode_seed("train", 99_999, last) + 1 == episode_seed("validation", 0, 0)
    assert episode_seed("validation", 99_999, last) + 1 == episode_seed("test", 0, 0)


def test_neighbouring_sets_and_splits_meet_without_overlapping():
    last, first = FRAMES_PER_SET - 1, 0
    assert frame_seed("train", 7, last) + 1 == frame_seed("train", 8, first)
    assert frame_seed("train", 99_999, last) + 1 == frame_seed("validation", 0, first)
    assert frame_seed("validation", 99_999, last) + 1 == frame_seed("test", 0, first)


@pytest.mark.parametrize(
    "numbers, message",
    [
        (("evaluation", 0, 0), "unknown split 'evaluation'; valid names: train, validation, test"),
        (("train", 100_000, 0), r"\[0, 99999\], not 100000"),
        (("train", -1, 0), r"\[0, 99999\], not -1"),
        (("train", 0, 10**7), r"\[0, 9999999\], not 10000000"),
    ],
)
def test_what_is_no_frame_is_rejected_with_what_is_valid(numbers, message):
    with pytest.raises(ValueError, match=message):
        frame_seed(*numbers)
