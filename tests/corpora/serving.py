"""A web server on this machine that misbehaves as real ones do, for tests of downloads."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

PAGE = b"<!DOCTYPE html><html><body>Please log in</body></html>"


class Server(ThreadingHTTPServer):
    """Serves ``files`` by name, each under the name of a behaviour: ``/drops/audio.zip``."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.files: dict[str, bytes] = {}
        self.asked: list[tuple[str, str | None]] = []
        self.n_sent = 0
        self.finished = threading.Event()

    def url(self, behaviour: str, name: str) -> str:
        return f"http://127.0.0.1:{self.server_port}/{behaviour}/{name}"

    def handle_error(self, request, client_address) -> None:
        """Say nothing: clients that hang up are what the tests are about."""


class _Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        _, behaviour, name = self.path.split("/", 2)
        self.server.asked.append((behaviour, self.headers.get("Range")))
        content = self.server.files.get(name)
        if content is None or behaviour == "absent":
            self._answer(404, b"", 0)
            return
        getattr(self, f"_{behaviour}")(content)

    def _good(self, content: bytes) -> None:
        start = self._start()
        if start >= len(content):
            self._answer(416, b"", 0)
            return
        rest = content[start:]
        self._answer(206 if start else 200, rest, len(rest), start, len(content))

    def _drops(self, content: bytes) -> None:
        """A third of the file, then nothing: as many connections as it takes."""
        start = self._start()
        rest = content[start:]
        self._answer(206 if start else 200, rest[: len(content) // 3 + 1], len(rest), start, len(content))

    def _ignores_ranges(self, content: bytes) -> None:
        self._answer(200, content, len(content))

    def _drops_and_ignores_ranges(self, content: bytes) -> None:
        self._answer(200, content[: len(content) // 2], len(content))

    def _wrong_bytes(self, content: bytes) -> None:
        self._good(content[::-1])

    def _truncated(self, content: bytes) -> None:
        """Half of the file, as if that were all."""
        self._good(content[: len(content) // 2])

    def _longer(self, content: bytes) -> None:
        self._good(content + b"more")

    def _another_range(self, content: bytes) -> None:
        start = self._start()
        self._answer(206 if start else 200, content[:8], 8, 0, len(content))

    def _page(self, content: bytes) -> None:
        self._answer(200, PAGE, len(PAGE), content_type="text/html; charset=utf-8")

    def _disguised_page(self, content: bytes) -> None:
        self._answer(200, PAGE, len(PAGE))

    def _slow(self, content: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.server.finished.wait(5)

    def _trickles(self, content: bytes) -> None:
        """Slowly, but never silent."""
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        for place in range(0, len(content), 1 + len(content) // 5):
            self.wfile.write(content[place : place + 1 + len(content) // 5])
            self.wfile.flush()
            time.sleep(0.05)

    def _busy(self, content: bytes) -> None:
        if sum(behaviour == "busy" for behaviour, _ in self.server.asked) < 2:
            self._answer(503, b"", 0)
        else:
            self._good(content)

    def _start(self) -> int:
        return int(self.headers.get("Range", "bytes=0-").removeprefix("bytes=").rstrip("-"))

    def _answer(
        self, status: int, sent: bytes, length: int, start: int = 0, total: int = 0, content_type: str = "audio/zip"
    ) -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(length))
        if status == 206:
            self.send_header("Content-Range", f"bytes {start}-{total - 1}/{total}")
        self.end_headers()
        self.wfile.write(sent)
        self.server.n_sent += len(sent)

    def log_message(self, *arguments) -> None:
        """Say nothing."""


@contextmanager
def serving() -> Iterator[Server]:
    """A server that runs while the block does."""
    with Server() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.finished.set()
            server.shutdown()
            thread.join()
