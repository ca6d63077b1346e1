from dataclasses import replace

from ctr_env.cli import main, servo


def test_the_demonstration_writes_videos_and_replaces_an_earlier_one(tmp_path, capsys, monkeypatch):
    """Shortened, and in small images; all else is what a user gets."""
    whole, seeds = servo.run_servo_study, []

    def short(study, *rest):
        seeds.append(study.seed)
        return whole(replace(study, seconds=0.1, env_config={**study.env_config, "width": 160, "height": 120}), *rest)

    monkeypatch.setattr(servo, "run_servo_study", short)
    for seed in ("8", "9"):
        assert main(["demo", "--episodes", "1", "--seed", seed, "--out", str(tmp_path)]) == 0
        assert "estimator: ctrnet" in capsys.readouterr().out
        assert (tmp_path / f"seed_00000{seed}.mp4").is_file() and (tmp_path / "servo.json").is_file()
    assert seeds == [8, 9]
    assert [file.name for file in (tmp_path / "traces").iterdir()] == ["seed_000009.npz"]
