"""A web server for this computer only: the page, its state and images, and its commands."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from ctr_env.errors import ConfigurationError, CtrEnvError
from ctr_env.runs.files import plain_json

from .command_queue import CommandQueue
from .session import Session
from .state import session_state

__all__ = ["HOST", "Published", "Server"]

HOST = "127.0.0.1"
"""Address of this computer that no other one reaches."""

_NAMES = (HOST, "localhost")
_MOST_BYTES = 1 << 14  # of a request
_CALIBRATE = "/calibrate"

Action = Callable[[Mapping[str, Any]], None]


@dataclass
class Published:
    """What the server shows; each part is replaced as a whole.

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


class Server:
    """Serves one session in threads of its own.

    ``GET /`` is the page, ``/state`` its state, ``/live.jpg`` and ``/proposal.jpg`` its images, ``/calibration.html``
    the last result. ``POST /joints``, ``/take``, ``/undo``, ``/another`` and ``/calibrate`` are the commands, with a
    JSON object as body: ``{"joints": "0.0, -0.5, …"}`` for the first two. They answer with the state, or with
    ``{"error": …}`` and status 409; ``/calibrate`` answers at once.

    Attributes:
        port: Its port.
    """

    def __init__(
        self, page: str, result: Path, session: Session, published: Published, commands: CommandQueue, port: int = 0
    ) -> None:
        """Begin to serve.

        Args:
            page: The page, as HTML.
            result: File of the calibration's page.
            session: The session, which only commands use.
            published: What it shows at the moment.
            commands: Runs commands in the session's thread.
            port: Port; 0: any that is free.

        Raises:
            ConfigurationError: If the port is taken.
        """
        actions: dict[str, Action] = {
            "/joints": lambda body: session.joints.type(_text(body)),
            "/take": lambda body: session.take(_text(body)),
            "/undo": lambda body: session.undo(),
            "/another": lambda body: session.another(),
            _CALIBRATE: lambda body: session.calibrate(),
        }

        class Handler(_Handler):
            texts = page.encode(), result, published

            def act(self, body: Mapping[str, Any]) -> None:
                action = actions[self.path]
                done = commands.submit(lambda: session.execute(lambda: action(body)))
                if self.path != _CALIBRATE:
                    done.result()

            def knows(self, path: str) -> bool:
                return path in actions

        try:
            self._server = ThreadingHTTPServer((HOST, port), Handler)
        except OSError as error:
            raise ConfigurationError(
                f"port {port} of {HOST} cannot be used ({error.strerror}); choose another --port"
            ) from error
        self._server.daemon_threads = True
        self.port = int(self._server.server_address[1])
        self._thread = threading.Thread(target=self._server.serve_forever, name="calibration page", daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        """Address of the page."""
        return f"http://{HOST}:{self.port}/"

    def close(self) -> None:
        """Stop serving."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Handler(BaseHTTPRequestHandler):
    """One request."""

    texts: tuple[bytes, Path, Published]

    def act(self, body: Mapping[str, Any]) -> None:
        raise NotImplementedError

    def knows(self, path: str) -> bool:
        raise NotImplementedError

    def do_GET(self) -> None:
        """Page, state, images, result."""
        page, result, published = self.texts
        path = urlsplit(self.path).path
        if not self._is_local():
            self._send(HTTPStatus.FORBIDDEN, "text/plain", b"for this computer only")
        elif path == "/":
            self._send(HTTPStatus.OK, "text/html; charset=utf-8", page)
        elif path == "/state":
            self._send(HTTPStatus.OK, "application/json", published.state)
        elif path in published.images:
            self._send(HTTPStatus.OK, "image/jpeg", published.images[path])
        elif path == "/favicon.ico":
            self._send(HTTPStatus.NO_CONTENT, "image/x-icon", b"")
        elif path == "/calibration.html" and result.is_file():
            self._send(HTTPStatus.OK, "text/html; charset=utf-8", result.read_bytes())
        else:
            self._send(HTTPStatus.NOT_FOUND, "text/plain", b"no such page")

    def do_POST(self) -> None:
        """Run a command."""
        length = int(self.headers.get("Content-Length") or 0)
        if not self._is_local() or self.headers.get_content_type() != "application/json":
            self._send(HTTPStatus.FORBIDDEN, "text/plain", b"for the page of this computer only")
        elif not self.knows(self.path) or length > _MOST_BYTES:
            self._send(HTTPStatus.NOT_FOUND, "text/plain", b"no such command")
        else:
            self._answer(self.rfile.read(length))

    def _answer(self, content: bytes) -> None:
        try:
            body = json.loads(content or b"{}")
            self.act(body if isinstance(body, dict) else {})
        except (CtrEnvError, json.JSONDecodeError) as error:
            self._send(HTTPStatus.CONFLICT, "application/json", json.dumps({"error": str(error)}).encode())
        else:
            self._send(HTTPStatus.OK, "application/json", self.texts[2].state)

    def _is_local(self) -> bool:
        """Whether the request comes from the page itself, not from another site that the browser shows."""
        host, origin = self.headers.get("Host", ""), self.headers.get("Origin")
        return urlsplit(f"//{host}").hostname in _NAMES and (origin is None or urlsplit(origin).netloc == host)

    def _send(self, status: HTTPStatus, kind: str, content: bytes) -> None:
        try:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(content)))
            self.send_header("Cache-Control", "no-store")
            self.end_headers()
            self.wfile.write(content)
        except ConnectionError:  # the browser did not wait
            pass

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing: the page asks several times a second."""


def _text(body: Mapping[str, Any]) -> str:
    return str(body.get("joints", ""))
