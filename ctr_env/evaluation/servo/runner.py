"""Servoing studies of one environment: many seeds, progress, resuming, results on disk."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

from ctr_env.errors import WorkerError
from ctr_env.runs.engines.local import LocalEngine
from ctr_env.runs.files import write_json
from ctr_env.runs.folder import RunFolder
from ctr_env.runs.versions import versions

from .episode_job import EpisodeJob, close_environments, environment_for, run_recorded
from .metrics import episode_metrics
from .plots import plot_servo
from .servo_study import ServoStudy
from .summary import summarise
from .trace import Trace

__all__ = ["SCHEMA", "ServoStudy", "run_servo_study", "video_path"]

SCHEMA = "ctr_env/servo@1"


def run_servo_study(
    study: ServoStudy,
    out: Path,
    command: str = "",
    videos: int = 0,
    on_episode: Callable[[dict[str, Any]], None] | None = None,
    workers: int = 1,
) -> dict[str, Any]:
    """Run a study, or resume an interrupted one.

    Every finished episode is written at once (``traces/seed_N.npz``); a run with the same ``out`` runs only the missing
    episodes. At the end ``servo.json`` and ``servo.png`` are written.

    Args:
        study: Environment and episodes.
        out: Folder of the results; made if missing.
        command: Command line to record.
        videos: Number of episodes, counted from the first, that a video is written of (``seed_N.mp4``).
        on_episode: Called with the metrics of every episode, including those of earlier runs, as they end.
        workers: Number of processes; 1: this one. Results do not depend on it.

    Returns:
        The content of ``servo.json`` (schema ``ctr_env/servo@1``).

    Raises:
        RunFolderError: If the folder holds a study with other settings.
        WorkerError: If the process of an episode died at every attempt.
    """
    key, used = str(out.resolve()), versions()
    try:
        env = environment_for(key, study)
        settings = RunFolder(out, "servo", study.config | {"versions": used}).settings
        traces = _traces(study, out, key, videos, on_episode or _ignore, workers)
    finally:
        close_environments()
    episodes = [episode_metrics(trace) for trace in traces]
    result = {
        "schema": SCHEMA,
        "command": command,
        "config": {name: settings[name] for name in study.config} | {"episodes": study.episodes},
        "versions": used,
        "uncertainty": env.unwrapped.estimator.uncertainty_source,  # type: ignore[attr-defined]
        "episodes": episodes,
        "summary": summarise(episodes),
    }
    write_json(out / "servo.json", result)
    title = f"{study.env_id}, estimator {study.env_config.get('estimator', 'ground_truth')}: {len(traces)} episodes"
    plot_servo(traces, out / "servo.png", title)
    return result


def video_path(out: Path, seed: int) -> Path:
    """File of an episode's video in a study's folder."""
    return out / f"seed_{seed:06d}.mp4"


def _traces(
    study: ServoStudy,
    out: Path,
    key: str,
    videos: int,
    on_episode: Callable[[dict[str, Any]], None],
    workers: int,
) -> list[Trace]:
    """Traces of all episodes in the order of their seeds; the missing episodes are run."""
    jobs = []
    for i in range(study.episodes):
        seed = study.seed + i
        video = video_path(out, seed) if i < videos else None
        jobs.append(EpisodeJob(key, study, seed, out / "traces" / f"seed_{seed:06d}.npz", video))
    traces = {i: Trace.load(job.trace) for i, job in enumerate(jobs) if job.done}
    for i in sorted(traces):
        on_episode(episode_metrics(traces[i]))
    missing = [i for i in range(len(jobs)) if i not in traces]
    engine = LocalEngine(max(1, min(workers, len(missing))))
    with closing(engine.run(run_recorded, [jobs[i] for i in missing])) as ended:
        for each in ended:
            job = jobs[missing[each.index]]
            if each.result is None:
                raise WorkerError(f"the process of the episode with seed {job.seed} died again and again")
            traces[missing[each.index]] = each.result
            on_episode(episode_metrics(each.result))
    return [traces[i] for i in range(len(jobs))]


def _ignore(episode: dict[str, Any]) -> None:
    pass
