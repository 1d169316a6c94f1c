"""A local server with bad manners: it drops connections, cuts files short, asks for logins."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Served:
    """One address: its content and its manners."""

    content: bytes = b""
    status: int = 200
    kind: str = "application/octet-stream"
    etag: str | None = '"v1"'
    ranges: bool = True
    announce: bool = True
    # How many requests break off, and after how many bytes of each.
    drops: int = 0
    drop_after: int = 0
    # How many requests are answered with ``status`` before the content is served.
    failures: int = 0
    retry_after: str | None = None
    headers: dict[str, str] = field(default_factory=dict)
    requests: list[tuple[str, str | None]] = field(default_factory=list)


@contextmanager
def serve(pages: dict[str, Served]) -> Iterator[str]:
    """The address of a server that serves these pages."""

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *arguments):
            pass

        def do_HEAD(self):
            self.answer(body=False)

        def do_GET(self):
            self.answer(body=True)

        def answer(self, body):
            page = pages.get(self.path)
            if page is None:
                self.send_error(404)
                return
            page.requests.append((self.command, self.headers.get("Range")))
            if page.status != 200 and (page.failures > 0 or not page.content):
                page.failures -= 1
                self.send_response(page.status)
                if page.retry_after:
                    self.send_header("Retry-After", page.retry_after)
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            self.send_content(page, body)

        def send_content(self, page, body):
            start, end = 0, len(page.content)
            wanted = self.headers.get("Range")
            same = self.headers.get("If-Range") in (None, page.etag)
            partial = bool(wanted and page.ranges and same)
            if partial:
                first, last = wanted.removeprefix("bytes=").split("-")
                start = int(first)
                end = min(int(last) + 1, end) if last else end
                if start >= len(page.content):
                    self.send_response(416)
                    self.send_header("Content-Range", f"bytes */{len(page.content)}")
                    self.send_header("Content-Length", "0")
                    self.end_headers()
                    return
            self.send_response(206 if partial else 200)
            if partial:
                self.send_header("Content-Range", f"bytes {start}-{end - 1}/{len(page.content)}")
            self.send_header("Content-Type", page.kind)
            for name, value in page.headers.items():
                self.send_header(name, value)
            if page.etag:
                self.send_header("ETag", page.etag)
            if page.announce:
                self.send_header("Content-Length", str(end - start))
            self.end_headers()
            if not body:
                return
            rest = page.content[start:end]
            if page.drops > 0:
                page.drops -= 1
                rest = rest[: page.drop_after]
            self.wfile.write(rest)
            self.wfile.flush()
            self.close_connection = True

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
