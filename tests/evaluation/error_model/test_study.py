from dataclasses import fields, replace

import numpy as np
import pytest

from ctr_env.errors import ConfigurationError, RunFolderError
from ctr_env.evaluation.error_model.episodes import EpisodeRecord
from ctr_env.evaluation.error_model.study import ErrorModelStudy, RecordingJob, record_episodes

STUDY = ErrorModelStudy(episodes=2, randomization=("mild",))


def same(a, b):
    for each in fields(EpisodeRecord):
        np.testing.assert_array_equal(getattr(a, each.name), getattr(b, each.name))


def test_an_episode_is_recorded_by_its_frames(noisy_ctrnet, tmp_path):
    counted = []
    records = record_episodes(STUDY, tmp_path, lambda: counted.append(1))
    assert len(counted) == 2 and len(records["train"]) == 2
    record = records["train"][0]
    frames = len(record.time_s)
    assert 10 < frames < 31  # of 31 frames, those that were sampled
    assert record.covariance.shape == (frames, 6, 6) and record.joint_positions.shape == (frames, 7)
    valid = record.valid.astype(bool)
    errors = np.linalg.norm((record.estimate - record.camera_T_base)[valid, :3, 3], axis=1)
    assert 0.0 < errors.max() < 0.02
    assert set(record.reason[~valid].tolist()) <= {"dropout"}
    assert np.isfinite(record.gripper[valid]).all() and np.isnan(record.gripper[~valid]).all()


def test_recording_resumes_and_continues(noisy_ctrnet, tmp_path):
    whole = record_episodes(STUDY, tmp_path / "whole")
    record_episodes(replace(STUDY, episodes=1), tmp_path / "parts")
    first = (tmp_path / "parts/episodes/train_000000.npz").stat().st_mtime_ns
    parts = record_episodes(STUDY, tmp_path / "parts")
    assert (tmp_path / "parts/episodes/train_000000.npz").stat().st_mtime_ns == first
    for a, b in zip(whole["train"], parts["train"], strict=True):
        same(a, b)


def test_a_folder_of_other_episodes_is_rejected(noisy_ctrnet, tmp_path):
    record_episodes(replace(STUDY, episodes=1), tmp_path)
    with pytest.raises(RunFolderError, match="seed=0, now 1"):
        record_episodes(replace(STUDY, seed=1), tmp_path)


def test_splits_share_no_seed_and_hold_all_presets_and_tasks():
    study = ErrorModelStudy(episodes=400)
    jobs = [RecordingJob(study, index, None) for index in range(400)]
    seeds = {split: {job.seed for job in jobs if job.split == split} for split in ("train", "validation", "test")}
    assert len(set.union(*seeds.values())) == 400 == sum(map(len, seeds.values()))
    assert {split: len(each) for split, each in seeds.items()} == {"train": 280, "validation": 40, "test": 80}
    for split in seeds:
        kinds = {(job.randomization, job.task) for job in jobs if job.split == split}
        assert kinds == {(preset, task) for preset in ("mild", "strong") for task in ("servo", "track")}


@pytest.mark.parametrize(
    "settings, message",
    [
        ({"randomization": ("mild", "wild")}, "unknown randomization 'wild'; valid names: none, mild"),
        ({"randomization": ("mild", "mild")}, "must name presets, each once"),
        ({"randomization": ()}, "must name presets, each once"),
        ({"episodes": 0}, "episodes must be at least 1, not 0"),
    ],
)
def test_bad_settings_are_named(settings, message):
    with pytest.raises(ConfigurationError, match=message):
        ErrorModelStudy(**settings)
