"""How long a classic NetCDF file must be, from its header.

The NetCDF library reads past the end of a classic file that was cut short as if zeros stood there:
a year of rain that never fell. The header says where every variable ends.
"""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass
from pathlib import Path

# Bytes of each external type (NetCDF classic format specification, CDF-1, CDF-2 and CDF-5).
_TYPE_BYTES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 4, 6: 8, 7: 1, 8: 2, 9: 4, 10: 8, 11: 8}
_MOST_ENTRIES = 100_000
_PADDING = 3  # the last variable need not be padded to four bytes


class NotClassic(ValueError):  # noqa: N818 - an answer
    """The header is not that of a classic NetCDF file."""


@dataclass
class _Header:
    data: bytes
    version: int
    at: int = 4

    def take(self, size: int) -> bytes:
        piece = self.data[self.at : self.at + size]
        if len(piece) < size:
            raise NotClassic("the header itself is cut short")
        self.at += size
        return piece

    def int4(self) -> int:
        return int(struct.unpack(">I", self.take(4))[0])

    def count(self) -> int:
        """A number of things: 8 bytes in CDF-5, 4 before."""
        return int(struct.unpack(">Q", self.take(8))[0]) if self.version == 5 else self.int4()

    def offset(self) -> int:
        """A place in the file: 4 bytes in CDF-1, 8 later."""
        return self.int4() if self.version == 1 else int(struct.unpack(">Q", self.take(8))[0])

    def entries(self) -> int:
        """Length of a list, whose tag comes first."""
        self.int4()
        number = self.count()
        if number > _MOST_ENTRIES:
            raise NotClassic(f"a list of {number} entries")
        return number

    def skip_padded(self, size: int) -> None:
        self.at += -(-size // 4) * 4

    def skip_name(self) -> None:
        self.skip_padded(self.count())

    def skip_attributes(self) -> None:
        for _ in range(self.entries()):
            self.skip_name()
            kind = self.int4()
            self.skip_padded(self.count() * _size_of(kind))


def _size_of(kind: int) -> int:
    if kind not in _TYPE_BYTES:
        raise NotClassic(f"unknown type {kind}")
    return _TYPE_BYTES[kind]


def promised_length(path: Path) -> int:
    """Bytes that a classic NetCDF file must have at least.

    Parameters
    ----------
    path : Path
        A file that begins with ``CDF``.

    Raises
    ------
    NotClassic
        Its header cannot be read.

    References
    ----------
    NetCDF classic format specification, https://docs.unidata.ucar.edu/netcdf-c
    """
    with path.open("rb") as handle:
        data = handle.read(1 << 22)
    if data[:3] != b"CDF" or len(data) < 8 or data[3] not in (1, 2, 5):
        raise NotClassic("it does not begin like a classic NetCDF file")
    header = _Header(data, data[3])
    records = header.count()
    streaming = records == (0xFFFFFFFFFFFFFFFF if header.version == 5 else 0xFFFFFFFF)
    lengths = []
    for _ in range(header.entries()):
        header.skip_name()
        lengths.append(header.count())
    header.skip_attributes()
    return _end_of_variables(header, lengths, 0 if streaming else records)


def _end_of_variables(header: _Header, lengths: list[int], records: int) -> int:
    end, record_bytes, last_records = 0, 0, []
    for _ in range(header.entries()):
        header.skip_name()
        dims = [header.count() for _ in range(header.count())]
        header.skip_attributes()
        size = _size_of(header.int4())
        header.count()  # vsize, which overflows for large variables and is not needed
        begin = header.offset()
        if any(dim >= len(lengths) for dim in dims):
            raise NotClassic("a variable has an axis that is not there")
        if dims and lengths[dims[0]] == 0:
            one = size * math.prod(lengths[dim] for dim in dims[1:])
            record_bytes += -(-one // 4) * 4
            last_records.append((begin, one))
        else:
            end = max(end, begin + size * math.prod(lengths[dim] for dim in dims))
    if records and len(last_records) == 1:
        record_bytes = last_records[0][1]  # a single record variable is not padded
    for begin, one in last_records:
        if records:
            end = max(end, begin + record_bytes * (records - 1) + one)
    return end


def missing_bytes(path: Path) -> int:
    """Bytes a classic NetCDF file lacks at its end; 0 where it is whole or of another kind."""
    with path.open("rb") as handle:
        if handle.read(3) != b"CDF":
            return 0
    lacking = promised_length(path) - path.stat().st_size
    return lacking if lacking > _PADDING else 0
