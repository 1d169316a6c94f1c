"""Seals: a changed bit is found in every kind of file that carries one, and told by its file."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pyarrow.parquet as pq
import pytest

from rootzone._shared import seal
from rootzone._shared.atomic import refuse_overwrite
from rootzone._shared.errors import RequestError
from rootzone._shared.provenance import Provenance, read_provenance, sidecar_of, write_sidecar
from rootzone._shared.table_files import read_table, write_table
from rootzone._shared.tables import WEATHER

RECORD = Provenance("rootzone test", code="none")


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "weather.parquet"
    days = pl.date_range(pl.date(2020, 1, 1), pl.date(2020, 3, 1), eager=True)
    frame = pl.DataFrame({"cell_id": 1, "date": days, "rain_mm": range(len(days))}).with_columns(
        pl.col("rain_mm").cast(pl.Float64)
    )
    write_table(path, frame, WEATHER, RECORD)
    return path


def flip(path: Path, bit: int) -> None:
    content = bytearray(path.read_bytes())
    content[bit // 8] ^= 1 << bit % 8
    path.write_bytes(content)


def test_every_flipped_bit_of_a_table_is_found(table: Path) -> None:
    # The seal covers every byte but its own place, where a flipped bit no longer fits.
    whole = table.read_bytes()
    with table.open("r+b", buffering=0) as handle:
        for byte, value in enumerate(whole):
            handle.seek(byte)
            handle.write(bytes([value ^ 1 << byte % 8]))
            seal._WHOLE.clear()  # two changes within a tick of the clock look alike
            assert seal.damage(table) is not None, byte
            handle.seek(byte)
            handle.write(bytes([value]))
    table.write_bytes(whole)
    assert seal.damage(table) is None


def test_a_table_cut_or_emptied_is_told_with_its_name(table: Path) -> None:
    whole = table.read_bytes()
    for content in (b"", b"<!doctype html>", whole[:-1], whole[: len(whole) // 2], whole + b"x"):
        table.write_bytes(content)
        with pytest.raises(seal.Damaged, match=r"weather\.parquet is damaged"):
            read_table(table, WEATHER)


def test_pages_carry_checksums(table: Path) -> None:
    # Any one bit of the pages' data, read with their checksums, is an error and never a number.
    whole, real = table.read_bytes(), pq.read_table(table)
    data = pq.read_metadata(table).row_group(0).column(2)
    last = (data.dictionary_page_offset or data.data_page_offset) + data.total_compressed_size
    for at in range(last - 10, last):  # the end of the last column's page, behind its header
        table.write_bytes(whole[:at] + bytes([whole[at] ^ 16]) + whole[at + 1 :])
        with pytest.raises(OSError, match="(?i)" + "crc"):
            pq.read_table(table, page_checksum_verification=True)
    table.write_bytes(whole)
    assert pq.read_table(table, page_checksum_verification=True) == real


def test_content_is_looked_at_once_while_the_file_stays(
    table: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    counted = []
    real = seal._sha256
    monkeypatch.setattr(seal, "_sha256", lambda *a: counted.append(1) or real(*a))
    seal._WHOLE.clear()
    for _ in range(3):
        assert seal.damage(table) is None
    assert len(counted) == 1
    flip(table, 8 * 100)
    assert seal.damage(table) is not None


def test_size_and_footer_are_looked_at_without_the_content(table: Path) -> None:
    whole = table.read_bytes()
    flip(table, 8 * 100)
    assert seal.damage(table, content=False) is None
    table.write_bytes(whole)
    flip(table, 8 * (len(whole) - 20))
    assert "footer" in str(seal.damage(table, content=False))


def test_a_file_beside_its_record_is_held_against_it(tmp_path: Path) -> None:
    path = tmp_path / "map.tif"
    path.write_bytes(b"II*\0" + bytes(1000))
    write_sidecar(path, RECORD)
    assert read_provenance(path) == RECORD
    assert seal.damage(path) is None
    flip(path, 8 * 500)
    assert "SHA-256" in str(seal.damage(path))
    sidecar_of(path).write_bytes(b"\xff\xfe")
    assert "no record" in str(seal.damage(path))
    with pytest.raises(RequestError, match="provenance"):
        read_provenance(path)


def test_a_zarr_folder_is_held_against_the_record_beside_it(tmp_path: Path) -> None:
    store = tmp_path / "theta.zarr"
    for name in ("zarr.json", "theta/c/0/0", "theta/c/0/1"):
        (store / name).parent.mkdir(parents=True, exist_ok=True)
        (store / name).write_bytes(name.encode() * 9)
    write_sidecar(store, RECORD)
    assert seal.damage(store) is None
    chunk = store / "theta/c/0/1"
    whole = chunk.read_bytes()
    flip(chunk, 11)
    assert "SHA-256" in str(seal.damage(store))
    chunk.write_bytes(whole[:-1])
    assert "bytes" in str(seal.damage(store))
    chunk.rename(store / "theta/c/0/2")  # the same bytes under another name are other numbers
    (store / "theta/c/0/2").write_bytes(whole)
    assert "SHA-256" in str(seal.damage(store))


def test_a_json_file_is_held_against_its_seal(tmp_path: Path) -> None:
    path = tmp_path / "plan.json"
    path.write_text(seal.sealed_json({"core_hours": 1.5, "shards": [1, 2]}))
    assert seal.read_sealed_json(path) == {"core_hours": 1.5, "shards": [1, 2]}
    path.write_text(path.read_text().replace("1.5", "1.4"))
    with pytest.raises(seal.Damaged, match=r"plan\.json is damaged"):
        seal.read_sealed_json(path)
    for text in ("", "[1]", "{", "null"):
        path.write_text(text)
        with pytest.raises(seal.Damaged):
            seal.read_sealed_json(path)
    path.write_text(json.dumps({"by": "hand"}))  # no seal: from elsewhere
    assert seal.read_sealed_json(path) == {"by": "hand"}


def test_a_damaged_output_is_no_reason_to_ask_for_force(table: Path) -> None:
    with pytest.raises(RequestError, match="--force"):
        refuse_overwrite(table, force=False)
    flip(table, 8 * 100)
    refuse_overwrite(table, force=False)


def test_a_table_from_elsewhere_has_no_seal_and_is_taken(tmp_path: Path) -> None:
    path = tmp_path / "own.parquet"
    pl.DataFrame({"a": [1]}).write_parquet(path)
    assert seal.damage(path) is None
