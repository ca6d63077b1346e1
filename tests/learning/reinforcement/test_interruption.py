import os
import signal
import threading

import pytest

from ctr_env.learning.reinforcement.interruption import deferred_interrupt


def press():
    os.kill(os.getpid(), signal.SIGINT)


def test_the_first_interrupt_is_noted_and_the_second_one_interrupts(capsys):
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt), deferred_interrupt() as pressed:
        assert not pressed()
        press()
        assert pressed()
        assert "stopping after a checkpoint; Ctrl+C again stops at once" in capsys.readouterr().err
        press()
    assert signal.getsignal(signal.SIGINT) is before


def test_processes_that_ignore_interrupts_go_on_doing_so(capsys):
    """Workers of an engine: the same Ctrl+C reaches their parent, which ends them."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with deferred_interrupt() as pressed:
            press()
            press()
            assert not pressed()
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)
    assert capsys.readouterr().err == ""


def test_other_threads_get_no_signals():
    found = []

    def run():
        with deferred_interrupt() as pressed:
            found.append(pressed())

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    assert found == [False]
