import pytest

from ctr_env.datasets.dream_writer import write_frame, write_settings
from ctr_env.datasets.synthetic.sampler import FrameSampler
from ctr_env.runs.seeds import frame_seed


@pytest.fixture(scope="session")
def write_frames():
    """Renders frames of the validation split into a folder, as ``ctr-env generate`` does with more processes."""

    def write(folder, count, randomization="none", fixed_camera=None):
        sampler = FrameSampler("panda", 320, 240, randomization, fixed_camera=fixed_camera)
        for index in range(count):
            name = f"{index:06d}"
            frame = sampler.sample(frame_seed("validation", 0, index), name)
            write_frame(folder, sampler.robot, frame, {})
            if not index:
                write_settings(folder, sampler.robot, frame.camera)
        sampler.close()
        return folder

    return write
