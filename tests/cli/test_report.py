import pytest

from ctr_env.cli import main


def test_missing_study_is_named(tmp_path, capsys):
    assert main(["report", str(tmp_path)]) == 1
    assert f"no results of a study: {tmp_path / 'study.parquet'}" in capsys.readouterr().err


@pytest.mark.slow
def test_a_study_is_run_reported_and_viewed(tmp_path, capsys, monkeypatch):
    pytest.importorskip("rerun")
    monkeypatch.setattr("ctr_env.cli.opening.has_display", lambda: False)
    study, out = tmp_path / "two.yaml", tmp_path / "out"
    study.write_text(
        "study: two\nseeds: {first: 5, count: 2}\nseconds: 0.5\nvideos: 1\n"
        "base: {robot: panda, width: 160, height: 120}\n"
        "systems: {perfect: {estimator: ground_truth}, noisy: {estimator: noisy}}\n"
    )
    assert main(["study", str(study), "--out", str(out), "--workers", "1"]) == 0
    assert main(["report", str(out), "--baseline", "noisy"]) == 0
    page = (out / "report.html").read_text()
    assert "Differences to noisy" in page and "data:video/mp4" in page
    assert (out / "report" / "comparison.tex").is_file()
    capsys.readouterr()
    assert main(["view", str(out)]) == 0
    assert "5.mp4" in capsys.readouterr().out
    assert main(["view", str(out), "--seed", "6", "--rerun"]) == 0
    (recording,) = out.glob("recordings/*/6.rrd")
    assert str(recording) in capsys.readouterr().out
