import numpy as np
import pytest

from ctr_env.calibration.interactive.image_store import ImageStore
from ctr_env.datasets.recording import load_recording
from ctr_env.errors import RunFolderError, StorageError, UsageError
from ctr_env.geometry import PinholeCamera
from ctr_env.scenes.robots.catalogue import get_robot

PANDA = get_robot("panda")
HOME = np.array(PANDA.home)
CAMERA = PinholeCamera.from_fov(1.0, 8, 6)


def image(value):
    return np.full((6, 8, 3), value, np.uint8)


def test_images_are_a_recording_that_an_earlier_session_left(tmp_path):
    store = ImageStore(tmp_path / "images", PANDA, {"camera": 0})
    assert [store.add(image(10 * i), HOME + 0.1 * i) for i in range(3)] == ["000000.png", "000001.png", "000002.png"]
    assert store.remove_last() == "000002.png"
    again = ImageStore(tmp_path / "images", PANDA, {"camera": 0})
    assert list(again.joints) == ["000000.png", "000001.png"]
    np.testing.assert_array_equal(again.read("000001.png"), image(10))
    assert again.add(image(70), HOME + 0.7) == "000002.png"
    recording = load_recording(again.folder, again.table, CAMERA, "panda")
    assert recording.names == ["000000.png", "000001.png", "000002.png"] and recording.conventions == {
        "rows": "by name"
    }
    frame = recording.read_unlabelled("000002.png")
    np.testing.assert_array_equal(frame.joint_positions, HOME + 0.7)
    np.testing.assert_array_equal(frame.image, image(70))


def test_nothing_is_left_when_all_is_undone(tmp_path):
    store = ImageStore(tmp_path / "images", PANDA, {"camera": 0})
    store.add(image(1), HOME)
    store.remove_last()
    assert [file.name for file in store.folder.iterdir()] == ["run.json"]
    with pytest.raises(UsageError, match="no image to delete"):
        store.remove_last()


def test_images_of_another_camera_are_not_mixed(tmp_path):
    ImageStore(tmp_path / "images", PANDA, {"camera": 0})
    with pytest.raises(RunFolderError, match="camera=0, now 1"):
        ImageStore(tmp_path / "images", PANDA, {"camera": 1})


def test_a_full_disk_leaves_what_was_kept_before(tmp_path, monkeypatch):
    store = ImageStore(tmp_path / "images", PANDA, {"camera": 0})
    store.add(image(1), HOME)

    def full(self, joints):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(ImageStore, "_write_table", full)
        for change in (lambda: store.add(image(2), HOME + 0.1), store.remove_last):
            with pytest.raises(StorageError, match=r"cannot be kept in .*images: .*No space left on device"):
                change()
    assert list(store.joints) == ["000000.png"]
    assert sorted(file.name for file in store.folder.iterdir()) == ["000000.png", "joints.csv", "run.json"]
    assert store.add(image(2), HOME + 0.1) == "000001.png"
