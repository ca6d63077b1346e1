"""The loop of a session: live images, and commands between them."""

from __future__ import annotations

import threading
import time
from pathlib import Path

from .command_queue import CommandQueue
from .server import Server
from .session import Session
from .site import Published, Site

__all__ = ["SessionLoop"]

_PERIOD_S = 0.1  # least time from one live image to the next


class SessionLoop:
    """Runs a session in the thread that calls :meth:`run`, and serves its page from other threads.

    Attributes:
        server: The server.
    """

    def __init__(self, session: Session, page: str, result: Path, port: int = 0) -> None:
        """Begin to serve.

        Args:
            session: The session.
            page: Its page, as HTML.
            result: File of the calibration's page.
            port: Port of the server; 0: any that is free.

        Raises:
            ConfigurationError: If the port is taken.
        """
        self._session, self._commands, self._ended = session, CommandQueue(), threading.Event()
        published = Published()
        session.on_change = published.update
        self.server = Server(Site(page, result, session, published, self._commands), port)

    def run(self) -> None:
        """Show live images and run commands until :meth:`end` is called, or an error or Ctrl+C ends the session."""
        try:
            while not self._ended.is_set():
                start = time.monotonic()
                self._session.observe()
                self._commands.run(max(0.0, _PERIOD_S - (time.monotonic() - start)))
        finally:
            self.server.close()

    def end(self) -> None:
        """End the session from another thread."""
        self._ended.set()
