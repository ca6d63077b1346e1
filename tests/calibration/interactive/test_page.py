import re

from ctr_env.calibration.interactive.page import session_page

FACTS = (("Robot", "panda"), ("Folder", "a & b"))


def test_the_page_needs_nothing_else():
    page = session_page(FACTS, from_log=False)
    assert page.startswith("<!DOCTYPE html>") and "a &amp; b" in page
    assert not re.findall(r"(?:src|href)=\"(?!#|calibration\.html)[^\"]+\"", page)
    assert "http" not in re.sub(r"http://www\.w3\.org/\d+/svg", "", page)


def test_every_element_that_the_script_fills_is_there_once():
    page = session_page(FACTS, from_log=False)
    ids = re.findall(r"id=\"([\w-]+)\"", page)
    assert len(ids) == len(set(ids))
    used = set(re.findall(r"(?:byId|write|rebuild)\(\"([\w-]+)\"", page))
    used |= {f"{name}-{part}" for name in re.findall(r"(?<!\.)toggle\(\"(\w+)\"", page) for part in ("known", "none")}
    assert used <= set(ids)


def test_joint_angles_of_a_log_are_not_typed():
    typed, logged = (session_page(FACTS, from_log=each).partition("<main")[2] for each in (False, True))
    assert " readonly" not in typed.partition("<script")[0] and " readonly" in logged.partition("<script")[0]
    assert 'id="copy"' in typed and 'id="copy"' not in logged
