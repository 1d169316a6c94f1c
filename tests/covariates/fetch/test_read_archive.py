"""Archives from elsewhere."""

from __future__ import annotations

import resource
import signal
import zipfile

import pytest

from rootzone._shared.errors import RequestError, StoppedEarly
from rootzone.covariates.fetch.read_archive import extract_companions, extract_member


def pack(path, members):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in members.items():
            file.writestr(name, content)
    return path


def test_the_member_is_found_in_any_folder_and_goes_where_it_is_told(tmp_path):
    archive = pack(tmp_path / "a.zip", {"deep/er/land.tif": b"II*\x00data", "legend.txt": b"1 Af"})
    target = extract_member(archive, "land.tif", tmp_path / "out" / "cover.tif")
    assert target.read_bytes() == b"II*\x00data"
    assert [p.name for p in target.parent.iterdir()] == ["cover.tif"]


@pytest.mark.parametrize("evil", ["../../land.tif", "/etc/land.tif", "..\\..\\land.tif"])
def test_a_member_never_leaves_its_folder(tmp_path, evil):
    archive = pack(tmp_path / "in" / "a.zip" if False else tmp_path / "a.zip", {evil: b"data"})
    before = {path for path in tmp_path.parent.rglob("*") if path.name.startswith("land")}
    extract_member(archive, "land.tif", tmp_path / "out" / "land.tif")
    after = {path for path in tmp_path.parent.rglob("*") if path.name.startswith("land")}
    assert after - before == {tmp_path / "out" / "land.tif"}


def test_a_missing_or_doubled_member_is_named(tmp_path):
    archive = pack(tmp_path / "a.zip", {"a/land.tif": b"1", "b/land.tif": b"2"})
    with pytest.raises(RequestError, match=r"holds 2 files called land\.tif"):
        extract_member(archive, "land.tif", tmp_path / "land.tif")
    with pytest.raises(RequestError, match=r"holds 0 files called x\.tif.*begins with a/land"):
        extract_member(archive, "x.tif", tmp_path / "x.tif")
    assert not (tmp_path / "land.tif").exists()


def test_an_archive_that_would_swell_is_left_alone(tmp_path):
    # Zeros deflate 1030 to 1, deflate's own limit is 1032; rasters reach a few hundred.
    archive = tmp_path / "a.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as file:
        file.writestr("land.tif", bytes(60_000_000))
        file.writestr("small.tif", bytes(1_000_000))
    with pytest.raises(RequestError, match="no file of this kind does"):
        extract_member(archive, "land.tif", tmp_path / "land.tif")
    extract_member(archive, "small.tif", tmp_path / "small.tif")  # harms nobody
    assert not (tmp_path / "land.tif").exists()


def test_a_method_python_cannot_unpack_is_named_with_the_way_out(tmp_path):
    archive = pack(tmp_path / "a.zip", {"land.tif": b"II*\x00" + bytes(100)})
    raw = bytearray(archive.read_bytes())
    for mark, at in ((b"PK\x03\x04", 8), (b"PK\x01\x02", 10)):
        start = raw.find(mark) + at
        raw[start : start + 2] = (9).to_bytes(2, "little")  # Deflate64, as Windows packs above 2 GB
    archive.write_bytes(bytes(raw))
    with pytest.raises(RequestError, match=r"Deflate64.*by hand.*place land\.tif at"):
        extract_member(archive, "land.tif", tmp_path / "land.tif")


def test_both_files_of_an_erdas_pair_come_out(tmp_path):
    archive = pack(tmp_path / "a.zip", {"n/a.img": b"EHFA", "n/a.ige": b"pixels", "n/b.ige": b""})
    (tmp_path / "x").mkdir()
    extract_member(archive, "a.img", tmp_path / "x" / "a.img")
    assert extract_companions(archive, "a.img", tmp_path / "x" / "a.img") == [
        tmp_path / "x" / "a.ige"
    ]
    assert (tmp_path / "x" / "a.ige").read_bytes() == b"pixels"


def test_a_damaged_archive_says_so_and_writes_nothing(tmp_path):
    archive = pack(tmp_path / "a.zip", {"land.tif": bytes(range(256)) * 500})
    whole = bytearray(archive.read_bytes())
    whole[100:120] = bytes(20)
    archive.write_bytes(bytes(whole))
    with pytest.raises(RequestError, match="is damaged"):
        extract_member(archive, "land.tif", tmp_path / "land.tif")
    assert not (tmp_path / "land.tif").exists()
    archive.write_bytes(b"PK\x03\x04 not really")
    with pytest.raises(RequestError, match="is damaged"):
        extract_member(archive, "land.tif", tmp_path / "land.tif")


def test_a_disk_without_room_is_named_and_nothing_stays_half_written(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_STORED) as file:
        file.writestr("x.tif", b"\x01" * (1 << 20))
    old = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 19, hard))  # half of what is needed
    try:
        with pytest.raises(StoppedEarly, match=r"no room to unpack x\.tif \(1,048,576 bytes"):
            extract_member(tmp_path / "a.zip", "x.tif", tmp_path / "x.tif")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, old)
    assert [path.name for path in tmp_path.iterdir()] == ["a.zip"]
