"""A server on this machine that answers Earth Engine's own client, to rehearse and to test.

    python -m rootzone.surface.cloud.local_server ASSETS [--port 8642] [--exports FOLDER]

It serves ``projects/ANY/assets/NAME`` from ``ASSETS/NAME.tif`` (bands by their descriptions),
computes pixels with `rootzone.surface.select.interpret`, keeps the service's limits, and writes
exports to a folder. What the service can do is told by the description that ships with the client.
Masked pixels are sent as 0, as the service does.
"""

from __future__ import annotations

import argparse
import io
import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final

import numpy as np

from rootzone._shared.arrays import AnyArray
from rootzone._shared.errors import RequestError
from rootzone._shared.open_files import open_raster
from rootzone.surface.cloud.limits import MOST_ANSWER_BYTES, MOST_PAYLOAD_BYTES, MOST_SIDE
from rootzone.surface.select.interpret import Image, interpret

_HOST: Final = "127.0.0.1"


class Refused(Exception):  # noqa: N818 - an answer
    """An HTTP status and its words."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status


@dataclass
class Service:
    """What the server knows.

    Parameters
    ----------
    assets : Path
        Folder of GeoTIFFs.
    exports : Path
        Folder for exports.
    busy : int
        Computations and exports that are still refused with 429.
    lists_until_done : int
        How often operations are listed before a started export is done.
    fail : dict
        Exports still to fail, by the beginning of their names.
    seen : list
        Method and path of every request.
    operations : list
        Exports, oldest first.
    """

    assets: Path
    exports: Path
    busy: int = 0
    lists_until_done: int = 1
    fail: dict[str, int] = field(default_factory=dict)
    seen: list[str] = field(default_factory=list)
    operations: list[dict[str, Any]] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def compute(self, body: Mapping[str, Any]) -> bytes:
        """``image:computePixels``, as NPY of one field a band."""
        grid = body["grid"]
        size = grid["dimensions"]
        if max(size["width"], size["height"]) > MOST_SIDE:
            raise Refused(400, f"Pixel grid dimensions must be less than or equal to {MOST_SIDE}.")
        n_pixel = size["width"] * size["height"]
        # Of an answer that is too large whatever its bands one pixel is enough to count them.
        small = {**grid, "dimensions": {"width": 1, "height": 1}}
        is_large = n_pixel * 8 > MOST_ANSWER_BYTES
        found = self.image(body["expression"], small if is_large else grid)
        kinds = np.dtype([(name, "<f8") for name in found])
        n_bytes = n_pixel * kinds.itemsize
        if n_bytes > MOST_ANSWER_BYTES:
            raise Refused(
                400,
                f"Total request size ({n_bytes} bytes) must be less than or equal to "
                f"{MOST_ANSWER_BYTES} bytes.",
            )
        out = np.zeros((size["height"], size["width"]), kinds)
        for name, values in found.items():
            out[name] = np.nan_to_num(values, nan=0.0)
        stream = io.BytesIO()
        np.save(stream, out)
        return stream.getvalue()

    def image(self, expression: Mapping[str, Any], grid: Mapping[str, Any]) -> Image:
        """Bands of an expression at pixels."""
        needed = {
            str(call["arguments"]["id"]["constantValue"])
            for call in _calls(expression)
            if call["functionName"] == "Image.load"
        }
        shape = grid["dimensions"]["height"], grid["dimensions"]["width"]
        bands = {name: self.asset(name, grid) for name in needed}
        try:
            found = interpret(expression, bands)
        except RequestError as wrong:
            raise Refused(400, str(wrong)) from wrong
        return {name: np.broadcast_to(values, shape) for name, values in found.items()}

    def asset(self, name: str, grid: Mapping[str, Any]) -> dict[str, AnyArray]:
        """Bands of a stored image at the middles of pixels, the nearest of its own."""
        path = self.assets / f"{name.rpartition('/')[2]}.tif"
        if not path.is_file():
            raise Refused(400, f"Image.load: Image asset '{name}' not found (does not exist).")
        transform, size = grid["affineTransform"], grid["dimensions"]
        x = transform["translateX"] + (np.arange(size["width"]) + 0.5) * transform["scaleX"]
        y = transform["translateY"] + (np.arange(size["height"]) + 0.5) * transform["scaleY"]
        with open_raster(path) as file:
            col = np.floor((x - file.transform.c) / file.transform.a).astype(np.int64)
            row = np.floor((y - file.transform.f) / file.transform.e).astype(np.int64)
            inside = ((row >= 0) & (row < file.height))[:, None] & (
                (col >= 0) & (col < file.width)
            )[None, :]
            at = np.ix_(np.clip(row, 0, file.height - 1), np.clip(col, 0, file.width - 1))
            out = {}
            for number, band in enumerate(file.descriptions, 1):
                stored = np.ma.filled(file.read(number, masked=True).astype(np.float64), np.nan)
                out[str(band)] = np.where(inside, stored[at], np.nan)
        return out

    def export(self, project: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """``image:export``: an operation; the same request twice gives the same one."""
        with self.lock:
            for one in self.operations:
                if body.get("requestId") and one["request"] == body["requestId"]:
                    return _public(one)
            number = len(self.operations) + 1
            name = str(body.get("description", "unnamed"))
            failing = next((k for k, n in self.fail.items() if name.startswith(k) and n), None)
            operation = {
                "name": f"projects/{project}/operations/TASK{number:04d}",
                "metadata": {"description": name, "state": "PENDING", "type": "EXPORT_IMAGE"},
                "done": False, "request": body.get("requestId"), "lists": 0,
            }  # fmt: skip
            if failing is not None:
                self.fail[failing] -= 1
                operation["metadata"]["state"] = "FAILED"  # type: ignore[index]
                operation |= {"done": True, "error": {"code": 8, "message": "Out of memory."}}
            else:
                operation["body"] = dict(body)
            self.operations.append(operation)
            return _public(operation)

    def listed(self) -> list[dict[str, Any]]:
        """Operations, newest first; each is nearer to its end than when listed last."""
        with self.lock:
            for one in self.operations:
                if one["done"]:
                    continue
                one["lists"] += 1
                one["metadata"]["state"] = "RUNNING"
                if one["lists"] >= self.lists_until_done:
                    self._write(one["body"])
                    one["metadata"]["state"], one["done"] = "SUCCEEDED", True
            return [_public(one) for one in reversed(self.operations)]

    def _write(self, body: Mapping[str, Any]) -> None:
        import rasterio
        from affine import Affine

        options, grid = body["fileExportOptions"], body["grid"]
        drive, storage = options.get("driveDestination"), options.get("cloudStorageDestination")
        where = self.exports
        if drive is not None:
            where = where / drive.get("folder", "") / drive["filenamePrefix"]
        else:
            where = where / storage["bucket"] / storage["filenamePrefix"]
        where.parent.mkdir(parents=True, exist_ok=True)
        found, t = self.image(body["expression"], grid), grid["affineTransform"]
        transform = Affine(t["scaleX"], 0.0, t["translateX"], 0.0, t["scaleY"], t["translateY"])
        size = grid["dimensions"]
        profile = {
            "driver": "GTiff", "dtype": "float64", "count": len(found), "width": size["width"],
            "height": size["height"], "crs": grid["crsCode"], "transform": transform,
        }  # fmt: skip
        path = where.with_name(where.name + ".tif")
        with rasterio.open(path, "w", **profile) as file:
            for number, (name, values) in enumerate(found.items(), 1):
                file.write(np.nan_to_num(values, nan=0.0), number)
                file.set_band_description(number, name)


def _public(operation: Mapping[str, Any]) -> dict[str, Any]:
    hidden = ("request", "lists", "body")
    return {key: value for key, value in operation.items() if key not in hidden}


def _calls(told: Any) -> Iterator[Mapping[str, Any]]:  # noqa: ANN401 - JSON
    """Every function call of an expression."""
    waiting = [told]
    while waiting:
        one = waiting.pop()
        if isinstance(one, Mapping):
            if "functionName" in one:
                yield one
            waiting += list(one.values())
        elif isinstance(one, list):
            waiting += one


def _handler(service: Service) -> type[BaseHTTPRequestHandler]:
    import ee

    told = Path(ee.__path__[0]) / "tests"
    algorithms = (told / "algorithms.json").read_bytes()
    discovery = (told / "cloud_api_discovery_document.json").read_text()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Nothing."""

        def answer(self, status: int, body: bytes, kind: str = "application/json") -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def refuse(self, refused: Refused) -> None:
            error = {"code": refused.status, "message": str(refused)}
            self.answer(refused.status, json.dumps({"error": error}).encode())

        def do_GET(self) -> None:
            path = self.path.partition("?")[0]
            service.seen.append(f"GET {path}")
            if path == "/$discovery/rest":
                host = f"http://{self.headers['Host']}/"
                document = json.loads(discovery)
                document |= {"rootUrl": host, "baseUrl": host, "mtlsRootUrl": host}
                self.answer(200, json.dumps(document).encode())
            elif path.endswith("/algorithms"):
                self.answer(200, algorithms)
            elif path.endswith("/operations"):
                self.answer(200, json.dumps({"operations": service.listed()}).encode())
            else:
                self.refuse(Refused(404, f"Nothing is served at {path}."))

        def do_POST(self) -> None:
            path = self.path.partition("?")[0]
            service.seen.append(f"POST {path}")
            length = int(self.headers.get("Content-Length", "0"))
            sent = self.rfile.read(length)
            try:
                with service.lock:
                    if service.busy > 0:
                        service.busy -= 1
                        raise Refused(429, "Too many concurrent aggregations.")
                if length > MOST_PAYLOAD_BYTES:
                    raise Refused(
                        400, f"Request payload size exceeds the limit: {MOST_PAYLOAD_BYTES} bytes."
                    )
                body = json.loads(sent)
                project = path.split("/")[3]
                if path.endswith("/image:computePixels"):
                    self.answer(200, service.compute(body), "application/octet-stream")
                elif path.endswith("/image:export"):
                    self.answer(200, json.dumps(service.export(project, body)).encode())
                else:
                    raise Refused(404, f"Nothing is served at {path}.")
            except Refused as refused:
                self.refuse(refused)

    return Handler


@contextmanager
def serving(service: Service, port: int = 0) -> Iterator[str]:
    """Serve while the block runs; its address. Port 0 takes a free one."""
    server = ThreadingHTTPServer((_HOST, port), _handler(service))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://{_HOST}:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def main() -> None:
    """Serve until interrupted."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("assets", type=Path)
    parser.add_argument("--port", type=int, default=8642)
    parser.add_argument("--exports", type=Path, default=Path("drive"))
    given = parser.parse_args()
    with serving(Service(given.assets, given.exports), given.port):
        threading.Event().wait()


if __name__ == "__main__":
    main()
