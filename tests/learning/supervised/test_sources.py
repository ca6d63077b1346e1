import json

import numpy as np
import pytest
from PIL import Image

from ctr_env.errors import DataError, DataWarning
from ctr_env.estimators.ctrnet.points import link_points, paper_keypoints
from ctr_env.learning.supervised.sources import FolderSource, SimulatorSource
from ctr_env.scenes.robots.kinematics import RobotKinematics


@pytest.fixture(scope="module")
def panda():
    return RobotKinematics("panda")


@pytest.mark.parametrize("count", [1, 2, 5, 12])
def test_every_round_shows_every_frame_once_in_an_order_of_its_own(write_folder, tmp_path, panda, count):
    source = FolderSource([write_folder(tmp_path, count=count)], panda, paper_keypoints(panda.robot))
    assert len(source) == count
    shown = [source.frame(i).points.tobytes() for i in range(10 * count)]
    rounds = [shown[i : i + count] for i in range(0, len(shown), count)]
    assert all(set(r) == set(rounds[0]) and len(set(r)) == count for r in rounds)
    assert len({tuple(r) for r in rounds}) > min(count, 5) - 1
    assert shown[7] == source.frame(7).points.tobytes()


def test_places_are_those_of_the_points_asked_for(write_folder, make_frames, tmp_path, panda):
    points = [*paper_keypoints(panda.robot), ("panda_hand", 0.01, 0.02, 0.03)]
    points = [type(points[0])(*p) for p in points]
    source = FolderSource([write_folder(tmp_path)], panda, points)
    frames = list(make_frames("panda", 3))
    for i in range(3):
        shown = source.frame(i)
        true = next(frame for frame in frames if np.abs(frame.keypoints - shown.points[:7]).max() < 1e-6)
        base = link_points(panda, true.joint_positions, points)
        np.testing.assert_allclose(shown.points, true.camera_T_base.apply(base), atol=1e-9)
        assert shown.camera == true.camera
        np.testing.assert_array_equal(shown.mask > 0, true.mask)
        assert shown.image.shape == (48, 64, 3)
        assert shown.image[true.mask].mean() > shown.image[~true.mask].mean() + 80


def test_images_and_masks_are_decoded_as_recorded_whatever_their_exif_orientation(write_folder, tmp_path, panda):
    folder, points = write_folder(tmp_path, count=1), paper_keypoints(panda.robot)
    plain = FolderSource([folder], panda, points).frame(0)
    orientation = Image.Exif()
    orientation[0x0112] = 6  # a viewer rotates the image by 90 degrees
    with Image.open(folder / "000000.mask.png") as mask:
        mask.load()
    mask.save(folder / "000000.mask.png", exif=orientation)
    exif = orientation.tobytes()
    jpeg = (folder / "000000.rgb.jpg").read_bytes()  # the EXIF segment is inserted, the pixels are not encoded again
    segment = b"\xff\xe1" + (len(exif) + 2).to_bytes(2, "big") + exif
    (folder / "000000.rgb.jpg").write_bytes(jpeg[:2] + segment + jpeg[2:])
    with pytest.warns(DataWarning, match="EXIF orientation 6"):
        flagged = FolderSource([folder], panda, points).frame(0)
    assert flagged.camera == plain.camera
    np.testing.assert_array_equal(flagged.mask, plain.mask)
    np.testing.assert_array_equal(flagged.image, plain.image)


def test_masks_of_zeros_and_ones_are_those_of_zeros_and_255(write_folder, tmp_path, panda):
    folder, points = write_folder(tmp_path, count=1), paper_keypoints(panda.robot)
    plain = FolderSource([folder], panda, points).frame(0)
    with Image.open(folder / "000000.mask.png") as mask:
        values = np.asarray(mask)
    Image.fromarray((values > 127).astype(np.uint8)).save(folder / "000000.mask.png")
    np.testing.assert_array_equal(FolderSource([folder], panda, points).frame(0).mask, plain.mask)
    assert set(np.unique(plain.mask)) == {0, 255}


def test_an_image_that_ends_early_is_rejected_by_name(write_folder, tmp_path, panda):
    folder = write_folder(tmp_path, count=1)
    jpeg = folder / "000000.rgb.jpg"
    jpeg.write_bytes(jpeg.read_bytes()[:-200])
    with pytest.raises(DataError, match=r"000000\.rgb\.jpg: not a whole image"):
        FolderSource([folder], panda, paper_keypoints(panda.robot)).frame(0)


def test_frames_that_cannot_be_trained_with_are_rejected_by_name(write_folder, tmp_path, panda):
    folder = write_folder(tmp_path)
    points = paper_keypoints(panda.robot)
    (folder / "000002.json").write_text(json.dumps(json.loads((folder / "000002.json").read_text()) | {"objects": []}))
    with pytest.raises(ValueError, match="frame 000002 has no pose to train with"):
        FolderSource([folder], panda, points)
    (folder / "000001.mask.png").unlink()
    with pytest.raises(ValueError, match="frame 000001 has no mask to train with"):
        FolderSource([folder], panda, points)
    with pytest.raises(FileNotFoundError, match="no frames .* in .*nothing"):
        FolderSource([tmp_path / "nothing"], panda, points)


def test_several_folders_are_one_set_of_frames(write_folder, tmp_path, panda):
    points = paper_keypoints(panda.robot)
    folders = [write_folder(tmp_path / name, count=count) for name, count in (("a", 3), ("b", 2))]
    both = FolderSource(folders, panda, points)
    assert len(both) == 5
    single = {f.points.tobytes() for one in folders for f in map(FolderSource([one], panda, points).frame, range(3))}
    assert {both.frame(i).points.tobytes() for i in range(5)} == single


def test_the_simulators_frames_go_by_number(panda):
    source = SimulatorSource("panda", paper_keypoints(panda.robot), seed=4, board_share=0.0)
    one, other = source.frame(3), source.frame(10**7 + 5)
    assert not np.array_equal(one.image, other.image)
    again = source.frame(3)
    for name in ("image", "mask", "points"):
        np.testing.assert_array_equal(getattr(one, name), getattr(again, name))
    np.testing.assert_array_equal(source.frame(5).image, other.image)  # after ten million they begin again
    assert set(np.unique(one.mask)) == {0, 255}
    assert one.points.shape == (7, 3)
    pixels = one.camera.project(one.points)
    columns, rows = pixels[one.camera.contains(pixels)].astype(int).T
    assert (one.mask[rows, columns] == 255).mean() > 0.5


def test_seeds_that_are_no_data_sets_are_rejected(panda):
    with pytest.raises(ValueError, match=r"must lie in \[0, 99999\], not 100000"):
        SimulatorSource("panda", paper_keypoints(panda.robot), seed=100_000)
