"""Processes that draw: they end with their owner, and say what went wrong."""

import os
import signal
from types import SimpleNamespace

import gymnasium as gym
import numpy as np
import psutil
import pytest

import ctr_env  # noqa: F401 - registers the environments
from ctr_env.envs.vector.image_worker import ImageRequest
from ctr_env.envs.vector.image_workers import ImageWorkers
from ctr_env.errors import RenderError, WorkerError
from ctr_env.scenes.world.config import SceneConfig

SETTINGS = {"width": 32, "height": 24}


@pytest.fixture
def env():
    made = gym.make("ctr_env/PandaServo-v0", disable_env_checker=True, **SETTINGS).unwrapped
    made.reset(seed=0)
    yield made
    made.close()


@pytest.fixture
def make():
    """Makes workers for two environments and closes them in the end."""
    opened = []

    def make(renderer="classic", processes=1, config=None):
        opened.append(ImageWorkers(config or SceneConfig("panda", **SETTINGS), renderer, 2, processes))
        return opened[-1]

    yield make
    for workers in opened:
        workers.close()


def request(env, index=0):
    return ImageRequest(index, env.scene.state(), env.episode, {}, 0)


def children():
    return {child.pid for child in psutil.Process().children(recursive=True) if child.status() != "zombie"}


def test_images_are_the_environments_own_and_processes_end_with_close(env, make):
    workers, before = make(processes=2), children()
    assert workers.images([]) == {} and children() == before  # nothing starts without an image
    found = workers.images([request(env, 1), request(env, 0)])
    for index in (0, 1):
        np.testing.assert_array_equal(found[index], env.image())
    started = children() - before
    assert len(started) >= 2
    workers.close()
    workers.close()
    assert len(started & children()) <= len(started) - 2  # Python's own helpers stay
    np.testing.assert_array_equal(workers.images([request(env)])[0], env.image())


def test_a_failing_renderer_is_reported_and_a_killed_process_too(env, make):
    with pytest.raises(RenderError, match="an image worker failed: ConfigurationError: .*'nothing'"):
        make("nothing").images([request(env)])
    workers, before = make(), children()
    workers.images([request(env)])
    started = sorted(children() - before)
    psutil.Process(started[-1]).kill()  # the newest one draws; helpers of Python's are older
    with pytest.raises(WorkerError, match="an image worker has ended"):
        workers.images([request(env)])


def test_processes_that_draw_leave_interrupts_to_their_parent(env, make):
    workers = make(processes=2)
    workers.images([request(env, 0), request(env, 1)])
    for worker in workers._workers:
        os.kill(worker.process.pid, signal.SIGINT)
    found = workers.images([request(env, 0), request(env, 1)])
    for index in (0, 1):
        np.testing.assert_array_equal(found[index], env.image())


def test_after_an_interrupt_images_are_those_that_are_asked_for(env, make):
    workers = make()
    workers.images([request(env)])
    worker = workers._workers[0]
    connection = SimpleNamespace(send=worker.connection.send, close=worker.connection.close, recv=interrupt)
    workers._workers = [worker._replace(connection=connection)]
    with pytest.raises(KeyboardInterrupt):
        workers.images([request(env)])
    env.reset(seed=1)
    np.testing.assert_array_equal(workers.images([request(env)])[0], env.image())


def interrupt():
    raise KeyboardInterrupt
