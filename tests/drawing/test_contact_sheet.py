import numpy as np

from ctr_env.drawing.contact_sheet import Row, Tile, contact_sheet, grid


def plain(width, height, value):
    return np.full((height, width, 3), value, np.uint8)


def test_tiles_keep_their_aspect_ratio_and_are_centred():
    sheet = contact_sheet(
        [Row([Tile(plain(40, 30, 10)), Tile(plain(20, 60, 20)), Tile(plain(400, 300, 30))])], (40, 30)
    )
    assert sheet.shape == (30, 3 * 40 + 2 * 6, 3)
    assert (sheet[:, :40] == 10).all()
    portrait = (sheet[:, 46:86] == 20).all(axis=2)
    assert portrait.sum() == 30 * 10 and portrait[:, 15:25].all()  # 20 x 60 becomes 10 x 30
    assert (sheet[:, 92:] == 30).all()  # reduced


def test_captions_stay_within_their_tile_and_warnings_are_red():
    long = "a caption that is far wider than its tile " * 3
    sheet = contact_sheet([Row([Tile(plain(80, 40, 0), (long,), warning=True), Tile(plain(80, 40, 0))])], (80, 40))
    below = sheet[40:].astype(int)
    assert ((below[:, :80, 0] - below[:, :80, 2]) > 100).sum() > 20
    assert (below[:, 80:] == 255).all()


def test_headers_legend_and_titles_add_height_and_grids_wrap():
    tiles = [Tile(plain(50, 20, 0))] * 5
    bare = contact_sheet(grid(tiles, 2), (50, 20))
    assert bare.shape == (3 * 20 + 2 * 6, 2 * 50 + 6, 3)
    full = contact_sheet([Row(tiles[:2], "title")], (50, 20), header=("one", "two"), legend={"mask": (0, 0, 255)})
    assert len(full) == 2 * 26 + 26 + 36 + 20
    assert (full == (0, 0, 255)).all(axis=2).any()
