import threading
import time

import pytest

from ctr_env.calibration.interactive.command_queue import CommandQueue
from ctr_env.errors import UsageError


def test_commands_run_in_the_owners_thread_in_order():
    commands, ran, futures = CommandQueue(), [], []

    def submit():
        for i in range(3):
            futures.append(commands.submit(lambda i=i: ran.append((i, threading.current_thread()))))

    other = threading.Thread(target=submit)
    other.start()
    other.join()
    assert not ran and not any(future.done() for future in futures)
    commands.run(0.0)
    assert [i for i, _ in ran] == [0, 1, 2] and {thread for _, thread in ran} == {threading.current_thread()}
    assert all(future.done() for future in futures)


def test_a_command_that_comes_later_is_waited_for():
    commands, ran = CommandQueue(), []
    threading.Timer(0.05, lambda: commands.submit(lambda: ran.append(time.monotonic()))).start()
    commands.run(1.0)
    assert len(ran) == 1


def test_mistakes_of_a_user_go_back_and_other_errors_end_the_loop():
    def mistake():
        raise UsageError("the robot moves")

    def fault():
        raise ZeroDivisionError

    commands = CommandQueue()
    done = commands.submit(mistake)
    commands.run(0.0)
    with pytest.raises(UsageError, match="moves"):
        done.result()
    done = commands.submit(fault)
    with pytest.raises(ZeroDivisionError):
        commands.run(0.0)
    assert isinstance(done.exception(), ZeroDivisionError)
