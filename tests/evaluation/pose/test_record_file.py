import json

import pytest

from ctr_env.evaluation.pose.record_file import RecordFile


def test_records_are_read_again(tmp_path):
    path = tmp_path / "a" / "frames.jsonl"
    file = RecordFile(path)
    file.add("000000", {"add_m": 0.1})
    file.add("000001", {"add_m": None})
    again = RecordFile(path)
    assert again.get("000000") == {"add_m": 0.1}
    assert again.get("000001") == {"add_m": None}
    assert again.get("000002") is None


def test_an_incomplete_last_line_is_dropped_and_records_are_appended_after_it(tmp_path):
    path = tmp_path / "frames.jsonl"
    RecordFile(path).add("0", {"x": 1})
    with path.open("a") as file:
        file.write('{"key": "1", "rec')
    RecordFile(path).add("2", {"x": 3})
    last = RecordFile(path)
    assert [json.loads(line)["key"] for line in path.read_text().splitlines()] == ["0", "2"]
    assert last.get("0") == {"x": 1}
    assert last.get("1") is None
    assert last.get("2") == {"x": 3}


def test_numbers_that_are_not_finite_are_rejected(tmp_path):
    file = RecordFile(tmp_path / "frames.jsonl")
    with pytest.raises(ValueError):
        file.add("0", {"add_m": float("nan")})
