"""Boards from files: the pattern that OpenCV draws, and errors that say what is right."""

import cv2
import numpy as np
import pytest

from ctr_env.datasets.board_file import MountedBoard, read_board_file
from ctr_env.errors import DataError, MissingFileError

TEXT = "columns: 7\nrows: 4\nsquare_m: 0.03\nmarker_m: 0.022\ndictionary: DICT_5X5_50\nfirst_marker: 3\n"


def written(folder, text):
    (folder / "board.yaml").write_text(text)
    return folder / "board.yaml"


def test_the_described_board_is_the_one_that_is_detected(tmp_path):
    board = read_board_file(written(tmp_path, TEXT))
    image = board.pattern.generateImage((700, 400))
    corners, numbers, _, markers = cv2.aruco.CharucoDetector(board.pattern).detectBoard(image)
    assert sorted(markers.ravel()) == list(range(3, 17))
    drawn = (corners.reshape(-1, 2) + 0.5) / 100.0 * board.square_m
    np.testing.assert_allclose(drawn, board.corners[numbers.ravel(), :2], atol=2e-4)
    assert board.corners.shape == (18, 3) and not board.corners[:, 2].any()


def test_a_legacy_pattern_is_another_one(tmp_path):
    old = read_board_file(written(tmp_path, TEXT + "legacy_pattern: true\n"))
    new = read_board_file(written(tmp_path, TEXT))
    assert np.any(old.pattern.generateImage((700, 400)) != new.pattern.generateImage((700, 400)))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (TEXT.replace("rows: 4\n", ""), "rows of the board is missing"),
        (TEXT + "size: 3\n", "unknown field 'size'; valid names: columns, rows"),
        (TEXT.replace("0.022", "0.04"), "marker_m of a board must be smaller than square_m"),
        (TEXT.replace("0.03\n", "30\n"), "square_m of a board must lie in .* metres, not 30"),
        (TEXT.replace("columns: 7", "columns: '7'"), "columns of a board must be a whole number, not '7'"),
        (TEXT.replace("DICT_5X5_50", "DICT_5"), "dictionary of a board is 'DICT_5'; valid names: .*DICT_4X4_50"),
        (TEXT.replace("marker: 3", "marker: 45"), "14 markers; DICT_5X5_50 has 50, so first_marker 45"),
        ("- 1\n", "no board in it"),
        ("a: [\n", "not YAML"),
    ],
)
def test_errors_say_what_is_right(tmp_path, text, message):
    with pytest.raises(DataError, match=message):
        read_board_file(written(tmp_path, text))


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(MissingFileError, match="no such board file"):
        read_board_file(tmp_path / "none.yaml")


def test_a_board_in_python_is_checked_as_well():
    with pytest.raises(ValueError, match="legacy_pattern of a board must be true or false, not 1"):
        MountedBoard(columns=5, rows=4, square_m=0.04, marker_m=0.03, dictionary="DICT_4X4_50", legacy_pattern=1)
