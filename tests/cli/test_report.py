from ctr_env.cli import main


def test_missing_study_is_named(tmp_path, capsys):
    assert main(["report", str(tmp_path)]) == 1
    assert f"no results of a study: {tmp_path / 'study.parquet'}" in capsys.readouterr().err
