"""A study whose processes are killed at random times has the rows of an undisturbed one, and repeats no episode.

    python benchmarks/kill_study.py --episodes 2000 --kills 20 --out runs/kill

Three runs of one study without images: undisturbed; in local processes, with ``kill -9`` of workers and of the command
itself, which is then given again; and on Ray, with ``kill -9`` of workers. The bytes of their ``study.parquet`` are
compared. By the journals, no episode begins after it has ended, and every begin without an end is one that was killed.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np

from ctr_env.evaluation.study.store import StudyFolder, read_rows

STUDY = """study: killed
seeds: {{first: 0, count: {seeds}}}
seconds: {seconds}
systems:
  truth: {{estimator: ground_truth}}
  noisy: {{estimator: noisy, estimator_config: {{dropout: 0.1}}}}
axes:
  robot: [panda, baxter]
  controller_config.gain_at_zero: [3, 4.5]
"""
CELLS = 8
PARENTS = 0.2  # share of kills that meet the command itself


def events(out: Path) -> list[dict[str, Any]]:
    """The journal, but for lines that were cut off."""
    found, journal = [], StudyFolder(out).journal
    for line in journal.read_text().splitlines() if journal.is_file() else []:
        try:
            found.append(json.loads(line))
        except json.JSONDecodeError:
            continue
    return found


def working(out: Path) -> list[int]:
    """Processes that are running an episode now."""
    last = {event["pid"]: event["event"] for event in events(out)}
    return [pid for pid, event in last.items() if event == "begin" and is_worker(pid)]


def is_worker(pid: int) -> bool:
    try:
        name = Path(f"/proc/{pid}/cmdline").read_text()
    except OSError:
        return False
    return "loky" in name or "ray::" in name


def run_disturbed(words: list[str], out: Path, kills: int, seed: int, parents: bool, period_s: float) -> Counter[str]:
    """Run a command until it ends by itself; the kills that it met."""
    rng, met = np.random.default_rng(seed), Counter[str]()
    while True:
        process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        while process.poll() is None and met.total() < kills:
            time.sleep(rng.exponential(period_s))
            found = working(out)
            if parents and rng.random() < PARENTS:
                process.kill()
                met["command"] += 1
            elif found:
                os.kill(int(rng.choice(found)), signal.SIGKILL)
                met["worker"] += 1
        errors = process.communicate()[1].decode()
        if process.returncode == 0:
            return met
        if process.returncode != -signal.SIGKILL:
            sys.exit(f"{' '.join(words)} ended with {process.returncode}: {errors[-2000:]}")


def check_journal(out: Path, episodes: int) -> Counter[int]:
    """Check that no episode was repeated or lost; the number of episodes by the number of their begins."""
    ended: set[tuple[str, int]] = set()
    begun: Counter[tuple[str, int]] = Counter()
    for event in events(out):
        episode = (event["cell"], event["seed"])
        assert episode not in ended, f"{episode} was run again after its end"
        if event["event"] == "end":
            ended.add(episode)
        else:
            begun[episode] += 1
    rows = read_rows(out)
    assert len(rows) == episodes == len(begun), f"{len(rows)} rows, {len(begun)} episodes begun, of {episodes}"
    assert set(rows["status"].to_pylist()) == {"done"}, "an episode was given up"
    return Counter(begun.values())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--episodes", type=int, default=2000)
    parser.add_argument("--seconds", type=float, default=2.0, help="length of an episode")
    parser.add_argument("--kills", type=int, default=20, help="kills of each disturbed run")
    parser.add_argument("--period", type=float, default=5.0, help="mean time between kills, seconds")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0, help="of the times of the kills")
    parser.add_argument("--engines", nargs="+", choices=("local", "ray"), default=("local", "ray"))
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    seeds = -(-options.episodes // CELLS)
    options.out.mkdir(parents=True, exist_ok=True)
    file = options.out / "killed.yaml"
    file.write_text(STUDY.format(seeds=seeds, seconds=options.seconds))
    command = [sys.executable, "-m", "ctr_env", "study", str(file), "--workers", str(options.workers)]
    whole = options.out / "undisturbed"
    start = time.perf_counter()
    run_disturbed([*command, "--out", str(whole)], whole, 0, 0, False, 1.0)
    print(f"undisturbed   {seeds * CELLS} episodes in {time.perf_counter() - start:.0f} s", flush=True)
    for engine in options.engines:
        out, start = options.out / engine, time.perf_counter()
        words = [*command, "--engine", engine, "--out", str(out)]
        met = run_disturbed(words, out, options.kills, options.seed, engine == "local", options.period)
        begins = check_journal(out, seeds * CELLS)
        same = StudyFolder(out).parquet.read_bytes() == StudyFolder(whole).parquet.read_bytes()
        print(
            f"{engine:14}{len(read_rows(out))} episodes in {time.perf_counter() - start:.0f} s, killed: "
            f"{met['worker']} workers, {met['command']} commands; episodes by begins: {dict(sorted(begins.items()))}; "
            f"rows {'equal' if same else 'DIFFER'}",
            flush=True,
        )
        if not same:
            sys.exit(1)


if __name__ == "__main__":
    main()
