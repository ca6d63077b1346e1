"""Threads share calls and their errors."""

import threading

import pytest

from ctr_env.envs.vector.threads import Threads


@pytest.mark.parametrize("count, items", [(1, 5), (3, 7), (4, 2), (2, 0)])
def test_every_item_is_treated_once(count, items):
    threads, seen = Threads(count), []
    for _ in range(2):
        threads.each(seen.append, list(range(items)))
    assert sorted(seen) == sorted([*range(items)] * 2)
    threads.close()
    threads.close()


def test_several_threads_run_at_once():
    threads, meeting = Threads(2), threading.Barrier(2, timeout=20)
    threads.each(lambda _: meeting.wait(), [0, 1])  # one thread alone would wait until the timeout
    threads.close()


@pytest.mark.parametrize("wrong", [0, 1])
def test_errors_of_all_threads_are_raised_when_all_are_done(wrong):
    threads, done = Threads(2), []

    def call(item):
        if item == wrong:
            raise ValueError(f"item {item}")
        done.append(item)

    with pytest.raises(ValueError, match=f"item {wrong}"):
        threads.each(call, [0, 1])
    assert done == [1 - wrong]
    threads.close()
