"""Torch's number of threads inside and after nested and concurrent blocks."""

import threading

import pytest
import torch

from ctr_env.runs.threads import single_threaded


@pytest.fixture(autouse=True)
def three_threads():
    before = torch.get_num_threads()
    torch.set_num_threads(3)
    yield
    torch.set_num_threads(before)


def test_one_thread_inside_and_the_former_number_afterwards():
    with single_threaded():
        assert torch.get_num_threads() == 1
        with single_threaded():
            assert torch.get_num_threads() == 1
        assert torch.get_num_threads() == 1
    assert torch.get_num_threads() == 3


def test_an_exception_restores_the_number():
    with pytest.raises(KeyError), single_threaded(), single_threaded():
        raise KeyError
    assert torch.get_num_threads() == 3


def test_threads_whose_blocks_overlap_all_leave_with_the_former_number():
    entered, may_leave, found = threading.Event(), threading.Event(), {}

    def other():
        with single_threaded():
            found["inside"] = torch.get_num_threads()
            entered.set()
            may_leave.wait(10.0)
        found["after"] = torch.get_num_threads()

    with single_threaded():
        thread = threading.Thread(target=other)
        thread.start()
        assert entered.wait(10.0)
    assert torch.get_num_threads() == 3  # while the other thread is still in its block
    may_leave.set()
    thread.join(10.0)
    assert found == {"inside": 1, "after": 3}
    assert torch.get_num_threads() == 3
    late = threading.Thread(target=lambda: found.update(late=torch.get_num_threads()))
    late.start()
    late.join(10.0)
    assert found["late"] == 3  # the number that new threads begin with


def test_many_threads_at_once_restore_the_number():
    found = []

    def work():
        for _ in range(50):
            with single_threaded():
                inside = torch.get_num_threads()
            found.append((inside, torch.get_num_threads()))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30.0)
    assert {inside for inside, _ in found} == {1} and {after for _, after in found} == {3}
    assert torch.get_num_threads() == 3
