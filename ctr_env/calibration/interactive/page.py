"""The page of a session: its parts, which a script fills with the state."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.resources import files

from ctr_env.drawing.page.markup import element
from ctr_env.drawing.page.page import make_page
from ctr_env.drawing.page.section import Html, Section

__all__ = ["session_page"]

_LEDE = (
    "Move the robot, let it rest, take an image. Each proposal is the joint configuration that tells most about where "
    "the camera is."
)
_SAFETY = "The model knows the robot, its table and the floor, not your cell. Check every motion before you start it."
_UNITS = (
    "Largest standard deviation of the camera's position in the base; the dashed line is the systematic error, which "
    "no number of images reduces."
)


def session_page(facts: Sequence[tuple[str, str]], from_log: bool) -> str:
    """The page.

    Args:
        facts: Names and values that say what is calibrated.
        from_log: Whether joint angles come from a log, so that none are typed.
    """
    sections = (
        Section("live", "Live image", "", [Html(_live(from_log))]),
        Section("proposal", "Next joint configuration", "", [Html(_proposal(from_log))]),
        Section("uncertainty", "Pose of the camera", "", [Html(_uncertainty())]),
        Section("coverage", "Joint space", "", [Html(_coverage())]),
        Section("images", "Images taken", "", [Html(element("ol", id="taken") + _empty("taken-none", "None yet."))]),
        Section("result", "Calibration", "", [Html(_result())]),
    )
    return make_page(
        "Take images for a calibration", _LEDE, facts, sections, _packaged("live.css"), _packaged("live.js")
    )


def _live(from_log: bool) -> str:
    field = element(
        "input", type="text", id="joints", autocomplete="off", spellcheck="false", readonly=from_log,
        placeholder="waiting for the log" if from_log else "joint angles in radians, with commas",
        aria_describedby="joints-note",
    )  # fmt: skip
    return "".join(
        [
            element("img", id="live-image", alt="Live image with the robot's contour at the present pose", hidden=True),
            element("p", "Waiting for the first image.", id="live-wait", class_="quiet"),
            element("p", id="status", class_="status", role="status"),
            element("label", "Joint angles, rad", for_="joints") + field,
            element("p", id="joints-note", class_="quiet"),
            element("p", id="message", class_="message", role="alert", hidden=True),
            element(
                "div",
                _button("take", "Take image", class_="primary"),
                _button("undo", "Undo"),
                _button("calibrate", "Calibrate"),
                class_="buttons",
            ),
        ]
    )


def _proposal(from_log: bool) -> str:
    copy = "" if from_log else _button("copy", "Copy to joint angles")
    known = element(
        "div",
        element("img", id="proposal-image", alt="The robot's silhouette at the proposed joint configuration"),
        element("table", element("tbody", id="proposal-joints"), aria_label="Proposed joint angles"),
        element("p", id="proposal-gain"),
        element("div", copy, _button("another", "Another proposal"), class_="buttons"),
        element("p", _SAFETY, class_="quiet"),
        id="proposal-known",
        hidden=True,
    )
    return known + _empty("proposal-none", "")


def _uncertainty() -> str:
    head = element(
        "tr", *(element("th", text, scope="col") for text in ("", "camera in the base", "base in the camera"))
    )
    table = element("table", element("thead", head), element("tbody", id="pose-rows"), aria_label="Pose of the camera")
    known = element(
        "div",
        element("div", table, class_="scroll", tabindex="0", role="region", aria_label="Pose of the camera"),
        element("div", id="history", role="img", aria_label="Standard deviation by joint configurations"),
        element("p", _UNITS, class_="quiet"),
        id="pose-known",
        hidden=True,
    )
    return known + _empty("pose-none", "No valid image yet.")


def _coverage() -> str:
    key = "".join(
        element("span", element("i", class_=f"mark {kind}"), text)
        for kind, text in (("taken", "taken"), ("present", "now"), ("proposed", "proposed"))
    )
    return element("p", key, class_="key") + element("div", id="coverage-rows")


def _result() -> str:
    known = element(
        "div",
        element("p", id="result-text"),
        element("ul", id="result-advice"),
        element("p", element("a", "Open the calibration's page", href="calibration.html", target="_blank")),
        id="result-known",
        hidden=True,
    )
    return known + _empty(
        "result-none", "Not calibrated yet. It takes valid images of at least two joint configurations."
    )


def _button(key: str, text: str, **more: str) -> str:
    return element("button", text, type="button", id=key, **more)


def _empty(key: str, text: str) -> str:
    return element("p", text, id=key, class_="quiet")


def _packaged(name: str) -> str:
    return files(__package__).joinpath(name).read_text(encoding="utf-8")
