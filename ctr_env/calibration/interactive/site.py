"""What the page's server shows, and the commands that it takes."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import Any, NamedTuple

from ctr_env.errors import CtrEnvError
from ctr_env.runs.files import plain_json

from .command_queue import CommandQueue
from .session import Session
from .state import session_state

__all__ = ["Answer", "Published", "Site"]

_HTML, _JSON, _TEXT = "text/html; charset=utf-8", "application/json", "text/plain; charset=utf-8"
_CALIBRATE = "/calibrate"


class Answer(NamedTuple):
    """Answer to a request: status, media type and content."""

    status: HTTPStatus
    kind: str
    content: bytes

    @classmethod
    def text(cls, status: HTTPStatus, text: str) -> Answer:
        """A plain text."""
        return cls(status, _TEXT, text.encode())


@dataclass
class Published:
    """The session as it was last; each part is replaced as a whole, so that any thread may read it.

    Attributes:
        state: JSON of :func:`~.state.session_state`.
        images: JPEG files by their path.
    """

    state: bytes = b"{}"
    images: Mapping[str, bytes] = field(default_factory=dict)

    def update(self, session: Session) -> None:
        """Show a session as it is now."""
        images = {}
        if session.live is not None:
            images["/live.jpg"] = session.live_image()
            proposal = session.proposal_image()
            if proposal is not None:
                images["/proposal.jpg"] = proposal
        self.images = images
        self.state = json.dumps(session_state(session), default=plain_json, allow_nan=False).encode()


class Site:
    """Answers requests from any thread; only commands, run by the session's own thread, use the session."""

    def __init__(self, page: str, result: Path, session: Session, published: Published, commands: CommandQueue) -> None:
        """Collect what is shown.

        Args:
            page: The page, as HTML.
            result: File of the calibration's page.
            session: The session.
            published: What it shows at the moment.
            commands: Runs commands in the session's thread.
        """
        self._page, self._result = page.encode(), result
        self._session, self._published, self._commands = session, published, commands

    def get(self, path: str) -> Answer:
        """Page, state, images, or the last result."""
        images = self._published.images
        if path == "/":
            return Answer(HTTPStatus.OK, _HTML, self._page)
        if path == "/state":
            return Answer(HTTPStatus.OK, _JSON, self._published.state)
        if path in images:
            return Answer(HTTPStatus.OK, "image/jpeg", images[path])
        if path == "/calibration.html" and self._result.is_file():
            return Answer(HTTPStatus.OK, _HTML, self._result.read_bytes())
        if path == "/favicon.ico":
            return Answer(HTTPStatus.NO_CONTENT, "image/x-icon", b"")
        return Answer.text(HTTPStatus.NOT_FOUND, "no such page")

    def post(self, path: str, content: bytes) -> Answer:
        """Run a command and answer with the state, or with its error and status 409; ``/calibrate`` is not waited for.

        A body that is no JSON is answered with status 400.

        Args:
            path: The command.
            content: A JSON object; that of ``/joints`` and ``/take`` may have ``joints``, a text.
        """
        try:
            body = json.loads(content or b"{}")
        except (ValueError, RecursionError) as error:
            return Answer.text(HTTPStatus.BAD_REQUEST, f"not JSON: {error}")
        command = self._command(path, body)
        if command is None:
            return Answer.text(HTTPStatus.NOT_FOUND, "no such command")
        try:
            done = self._commands.submit(lambda: self._session.execute(command))
            if path != _CALIBRATE:
                done.result()
        except CtrEnvError as error:
            return Answer(HTTPStatus.CONFLICT, _JSON, json.dumps({"error": str(error)}).encode())
        return Answer(HTTPStatus.OK, _JSON, self._published.state)

    def _command(self, path: str, body: Any) -> Callable[[], None] | None:
        session, text = self._session, str(body.get("joints", "")) if isinstance(body, dict) else ""
        commands: dict[str, Callable[[], None]] = {
            "/joints": lambda: session.joints.type(text),
            "/take": lambda: session.take(text),
            "/undo": session.undo,
            "/another": session.another,
            _CALIBRATE: session.calibrate,
        }
        return commands.get(path)
