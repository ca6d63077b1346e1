"""A web server for this computer only."""

from __future__ import annotations

import threading
from contextlib import suppress
from functools import partial
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

from ctr_env.errors import ConfigurationError

from .site import Answer, Site

__all__ = ["HOST", "Server"]

HOST = "127.0.0.1"
"""Address of this computer that no other one reaches."""

_NAMES = (HOST, "localhost")
_MOST_BYTES = 1 << 14  # of a command


class Server:
    """Serves a site in threads of its own.

    ``GET /`` is the page, ``/state`` its state, ``/live.jpg`` and ``/proposal.jpg`` its images, ``/calibration.html``
    the last result. ``POST /joints``, ``/take``, ``/undo``, ``/another`` and ``/calibrate`` are the commands, with a
    JSON object as body.

    Attributes:
        port: Its port.
    """

    def __init__(self, site: Site, port: int = 0) -> None:
        """Begin to serve.

        Args:
            site: What is served.
            port: Port; 0: any that is free.

        Raises:
            ConfigurationError: If the port is taken.
        """
        try:
            self._server = ThreadingHTTPServer((HOST, port), partial(_Handler, site))
        except (OSError, OverflowError) as error:
            raise ConfigurationError(
                f"port {port} of {HOST} cannot be used ({error}); choose another --port"
            ) from error
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

    def __init__(self, site: Site, *request: Any) -> None:
        self._site = site  # the base class answers the request in its constructor
        super().__init__(*request)

    def do_GET(self) -> None:
        """Answer with what is shown."""
        self._send(self._site.get(self.path.partition("?")[0]) if self._is_local() else self._forbidden())

    def do_POST(self) -> None:
        """Run a command."""
        length = self._length()
        if not self._is_local() or self.headers.get_content_type() != "application/json":
            self._send(self._forbidden())
        elif length is None:
            self._send(Answer.text(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "too long for a command"))
        else:
            self._send(self._site.post(self.path, self.rfile.read(length)))

    def _length(self) -> int | None:
        """Bytes of the body; ``None`` if that is no number, or more than a command has."""
        try:
            length = int(self.headers.get("Content-Length", "0"))
        except ValueError:
            return None
        return length if 0 <= length <= _MOST_BYTES else None

    def _is_local(self) -> bool:
        """Whether the request comes from the page itself, not from another site that the browser shows."""
        host, origin = self.headers.get("Host", ""), self.headers.get("Origin")
        try:
            return urlsplit(f"//{host}").hostname in _NAMES and (origin is None or urlsplit(origin).netloc == host)
        except ValueError:  # no address at all
            return False

    @staticmethod
    def _forbidden() -> Answer:
        return Answer.text(HTTPStatus.FORBIDDEN, "for the page of this computer only")

    def _send(self, answer: Answer) -> None:
        with suppress(ConnectionError):  # a browser that did not wait
            self.send_response(answer.status)
            self.send_header("Content-Type", answer.kind)
            self.send_header("Content-Length", str(len(answer.content)))
            self.send_header("Cache-Control", "no-store")
            self.send_header("X-Content-Type-Options", "nosniff")
            self.send_header("X-Frame-Options", "DENY")  # no other site shows the buttons in a frame of its own
            self.end_headers()
            self.wfile.write(answer.content)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing: the page asks several times a second."""
