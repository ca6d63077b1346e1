import json

import pytest

from ctr_env.errors import ConfigurationError, MissingFileError
from ctr_env.evaluation.report.episode_files import choose_episode, find_episodes
from ctr_env.runs.folder import RunFolder


@pytest.fixture
def study(tmp_path):
    """Two cells with seeds 0 and 1; seed 1 of the second has a video."""
    for cell in ("aaaaaaaa", "bbbbbbbb"):
        for seed in (0, 1):
            file = tmp_path / "episodes" / cell / f"{seed}.json"
            file.parent.mkdir(parents=True, exist_ok=True)
            parameters = {"robot": "baxter", "controller_config.gain_at_zero": 3.0, "scenario": "static"}
            file.write_text(json.dumps({"cell": cell, "seed": seed, "parameters": parameters, "seconds": 2.0}))
    video = tmp_path / "videos" / "bbbbbbbb" / "1.mp4"
    video.parent.mkdir(parents=True)
    video.write_bytes(b"video")
    return tmp_path


def test_the_first_episode_with_a_video_is_chosen(study):
    chosen = choose_episode(find_episodes(study), None, None, with_video=True)
    assert (chosen.cell, chosen.seed) == ("bbbbbbbb", 1) and chosen.video.is_file()


def test_an_episode_of_a_study_can_be_run_again(study):
    again = choose_episode(find_episodes(study), 0, "aaaaaaaa", with_video=False).study()
    assert (again.robot, again.task, again.seconds) == ("baxter", "servo", 2.0)
    assert again.env_config["controller_config"] == {"gain_at_zero": 3.0}


def test_an_episode_of_servo_can_be_run_again(tmp_path):
    settings = {
        "env": "x",
        "robot": "panda",
        "task": "track",
        "seed": 7,
        "seconds": None,
        "estimator": "noisy",
        "files": {},
    }
    RunFolder(tmp_path, "servo", settings)
    (tmp_path / "traces").mkdir()
    (tmp_path / "traces" / "seed_000007.npz").write_bytes(b"")
    (episode,) = find_episodes(tmp_path)
    again = episode.study()
    assert (episode.seed, again.robot, again.task, again.env_config) == (7, "panda", "track", {"estimator": "noisy"})


def test_errors_name_what_there_is(study, tmp_path_factory):
    episodes = find_episodes(study)
    with pytest.raises(ConfigurationError, match="unknown cell 'cccccccc'; valid names: aaaaaaaa, bbbbbbbb"):
        choose_episode(episodes, None, "cccccccc", with_video=True)
    with pytest.raises(ConfigurationError, match="no finished episode with seed 5; finished: 0, 1"):
        choose_episode(episodes, 5, None, with_video=True)
    with pytest.raises(MissingFileError, match="no video of seed 0 of cell aaaaaaaa"):
        choose_episode(episodes, 0, "aaaaaaaa", with_video=True)
    with pytest.raises(MissingFileError, match="no finished episode"):
        find_episodes(tmp_path_factory.mktemp("empty"))
