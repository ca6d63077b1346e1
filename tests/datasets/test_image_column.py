import pytest

from ctr_env.datasets.image_column import find_image_column, image_names
from ctr_env.errors import DataError

IMAGES = ["000000.png", "000001.png", "000002.png"]


def rows(cells):
    return [[f"{0.1 * i}", cell] for i, cell in enumerate(cells)]


@pytest.mark.parametrize("header", ["image", "Filename", "FILE", "frame", "snapshot", "sample id"])
def test_a_column_whose_cells_name_images_is_found_whatever_its_header(header):
    shuffled = rows(["000002.png", "000000.png", "000001.png"])
    assert find_image_column(["j", header], shuffled, IMAGES, {0}) == 1


@pytest.mark.parametrize("cell", ["000001.png", "images/000001.png", r"C:\data\000001.PNG", "000001", "1"])
def test_cells_name_images_by_path_file_name_or_stem(cell):
    assert image_names([cell, "other.png"], IMAGES) == ["000001.png", "other.png"]


def test_stems_that_two_images_share_name_neither():
    assert image_names(["a", "a.png"], ["a.png", "a.jpg"]) == ["a", "a.png"]


def test_joints_and_times_are_not_taken_for_names():
    assert find_image_column(["q", "time"], [["0", "0"], ["1", "1"]], ["0.png", "1.png"], {0, 1}) is None


def test_numbers_name_images_under_a_usual_header_alone():
    """A message's sequence number is not an image's number."""
    table = [["1"], ["2"], ["3"]]
    assert find_image_column(["frame"], table, IMAGES, set()) == 0
    assert find_image_column(["seq"], table, IMAGES, set()) is None


def test_a_column_with_repeated_or_few_names_is_none():
    assert find_image_column(["q", "gripper"], rows(["000000", "000000", "000000"]), IMAGES, {0}) is None
    assert find_image_column(["q", "note"], rows(["000000", "", ""]), IMAGES, {0}) is None


def test_the_column_that_names_images_goes_before_one_with_a_usual_header():
    table = [["pose a", "000001.png"], ["pose b", "000000.png"]]
    assert find_image_column(["name", "photo of"], table, IMAGES, set()) == 1


def test_a_usual_header_counts_even_if_its_cells_name_nothing_that_is_there():
    assert find_image_column(["q", "image"], rows(["a", "b", "c"]), IMAGES, {0}) == 1


def test_a_usual_header_over_one_repeated_word_is_no_column_of_names():
    assert find_image_column(["q", "name"], rows(["panda", "panda", "panda"]), IMAGES, {0}) is None
    assert find_image_column(["q", "frame"], rows(["3", "3", "4"]), [], {0}) == 1  # of a video: an error later on


def test_file_names_that_are_not_there_forbid_pairing_by_order():
    with pytest.raises(DataError, match="column snapshot names images such as 'x.jpg', none of which is in the folder"):
        find_image_column(["q", "snapshot"], rows(["x.jpg", "y.jpg", "z.jpg"]), IMAGES, {0})
