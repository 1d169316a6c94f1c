"""Transfers against a local server that drops, truncates, lies and refuses."""

from __future__ import annotations

import json

import pytest

pytest.importorskip("requests")

from rootzone._shared.errors import RequestError, StoppedEarly
from rootzone.covariates.fetch.refusals import GaveUp, NotServed, Unreachable
from rootzone.covariates.fetch.run_transfer import Patience, download, open_session, size_of
from tests.covariates.http_server import Served, serve

# A file that passes for HDF5 by its first bytes, longer than two pieces of a transfer.
CONTENT = b"\x89HDF\r\n\x1a\n" + bytes(range(256)) * 3000


@pytest.fixture(scope="module")
def session():
    with open_session() as opened:
        yield opened


def fetch(session, page, target, attempts=6, name="/a.nc"):
    """Download one page without waiting; returns the pauses that were asked for."""
    pauses = []
    with serve({name: page}) as root:
        download(session, root + name, target, Patience(attempts, 2.0), sleep=pauses.append)
    return pauses


def test_a_whole_file_arrives_as_it_is(session, tmp_path):
    target = tmp_path / "sub" / "a.nc"
    seen = []
    with serve({"/a.nc": Served(CONTENT)}) as root:
        download(
            session, root + "/a.nc", target, on_bytes=lambda done, total: seen.append((done, total))
        )
    assert target.read_bytes() == CONTENT
    assert seen[-1] == (len(CONTENT), len(CONTENT))
    assert [path.name for path in target.parent.iterdir()] == ["a.nc"]


def test_a_dropped_connection_is_resumed_not_restarted(session, tmp_path):
    page = Served(CONTENT, drops=3, drop_after=200_000)
    fetch(session, page, tmp_path / "a.nc")
    assert (tmp_path / "a.nc").read_bytes() == CONTENT
    starts = [wanted for _, wanted in page.requests]
    # The first request asks for all, each later one for the rest. Of 200 000 bytes six pieces of
    # 32 768 are kept: 196 608; the piece that broke is lost.
    assert starts == [None, "bytes=196608-", "bytes=393216-", "bytes=589824-"]


def test_a_server_without_ranges_is_asked_again_from_the_start(session, tmp_path):
    page = Served(CONTENT, drops=2, drop_after=300_000, ranges=False)
    fetch(session, page, tmp_path / "a.nc")
    assert (tmp_path / "a.nc").read_bytes() == CONTENT


def test_a_server_that_always_cuts_short_is_given_up_and_the_part_kept(session, tmp_path):
    page = Served(CONTENT, drops=99, drop_after=300_000, ranges=False)
    with pytest.raises(GaveUp, match=r"given up after 3 tries.*the same command resumes"):
        fetch(session, page, tmp_path / "a.nc", attempts=3)
    assert not (tmp_path / "a.nc").exists()
    assert (tmp_path / ".a.nc.part").stat().st_size == 294_912  # nine pieces of 32 768


def test_a_later_run_goes_on_where_the_first_gave_up(session, tmp_path):
    page = Served(CONTENT, drops=1, drop_after=100_000)
    target = tmp_path / "a.nc"
    with serve({"/a.nc": page}) as root:
        with pytest.raises(GaveUp):
            download(session, root + "/a.nc", target, Patience(1), sleep=lambda s: None)
        kept = (tmp_path / ".a.nc.part").stat().st_size
        download(session, root + "/a.nc", target, sleep=lambda s: None)
    assert kept == 98_304  # three pieces of 32 768
    assert page.requests[-1] == ("GET", f"bytes={kept}-")
    assert target.read_bytes() == CONTENT


def test_a_file_that_changed_on_the_server_is_not_glued_to_the_old_part(session, tmp_path):
    target = tmp_path / "a.nc"
    other = CONTENT[:8] + bytes(500_000)
    page = Served(CONTENT, drops=1, drop_after=100_000)
    with serve({"/a.nc": page}) as root:
        with pytest.raises(GaveUp):
            download(session, root + "/a.nc", target, Patience(1), sleep=lambda s: None)
        page.content, page.etag = other, '"v2"'
        download(session, root + "/a.nc", target, sleep=lambda s: None)
    assert target.read_bytes() == other


@pytest.mark.parametrize("etag", ['"v1"', None])
def test_a_part_longer_than_the_file_is_started_again(session, tmp_path, etag):
    target = tmp_path / "a.nc"
    page = Served(CONTENT, drops=1, drop_after=700_000, etag=etag)
    with serve({"/a.nc": page}) as root:
        with pytest.raises(GaveUp):
            download(session, root + "/a.nc", target, Patience(1), sleep=lambda s: None)
        page.content = CONTENT[:400_000]
        download(session, root + "/a.nc", target, sleep=lambda s: None)
    assert target.read_bytes() == CONTENT[:400_000]


def test_a_part_of_another_address_is_not_used(session, tmp_path):
    target = tmp_path / "a.nc"
    (tmp_path / ".a.nc.part").write_bytes(b"other")
    (tmp_path / ".a.nc.part.json").write_text(json.dumps({"url": "http://elsewhere/a.nc"}))
    fetch(session, Served(CONTENT), target)
    assert target.read_bytes() == CONTENT


def test_a_busy_server_is_asked_again_after_the_pause_it_wants(session, tmp_path):
    page = Served(CONTENT, status=503, failures=2, retry_after="7")
    assert fetch(session, page, tmp_path / "a.nc") == [7.0, 7.0]
    assert (tmp_path / "a.nc").read_bytes() == CONTENT


def test_pauses_double_and_end(session, tmp_path):
    page = Served(status=503)
    with pytest.raises(GaveUp, match=r"HTTP 503, the server is overloaded or down"):
        fetch(session, page, tmp_path / "a.nc", attempts=4)
    assert len(page.requests) == 4
    # By hand: 2, 4, 8 s, and never above two minutes.
    assert [Patience(9, 2.0).pause_s(n) for n in (1, 2, 3, 8)] == [2.0, 4.0, 8.0, 120.0]


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (401, "wants a login"),
        (403, "refuses anonymous readers"),
        (404, "no such file"),
        (410, "was taken away"),
    ],
)
def test_a_refusal_is_told_in_words_and_not_asked_again(session, tmp_path, status, words):
    page = Served(status=status)
    with pytest.raises(NotServed, match=words) as caught:
        fetch(session, page, tmp_path / "a.nc")
    assert caught.value.status == status
    assert len(page.requests) == 1
    assert isinstance(caught.value, RequestError)


def test_a_login_page_is_never_saved_as_data(session, tmp_path):
    page = Served(b"<!DOCTYPE html><html><body>Please log in</body></html>", kind="text/html")
    with pytest.raises(NotServed, match=r"serves a web page, not data.*Nothing was saved as a.nc"):
        fetch(session, page, tmp_path / "a.nc")
    assert list(tmp_path.iterdir()) == []


def test_another_kind_of_file_is_refused(session, tmp_path):
    with pytest.raises(NotServed, match=r"zip, though its name ends in \.nc"):
        fetch(session, Served(b"PK\x03\x04" + bytes(100)), tmp_path / "a.nc")


def test_an_empty_answer_is_asked_again(session, tmp_path):
    with pytest.raises(GaveUp, match="an empty answer"):
        fetch(session, Served(b""), tmp_path / "a.nc", attempts=2)


def test_a_server_that_cannot_be_reached_is_unfinished_work(session, tmp_path):
    with serve({}) as root:
        gone = root
    with pytest.raises(Unreachable, match=r"127\.0\.0\.1 cannot be reached: nobody listens"):
        download(session, gone + "/a.nc", tmp_path / "a.nc", Patience(2), sleep=lambda s: None)
    with pytest.raises(StoppedEarly, match="cannot be reached"):
        size_of(session, gone + "/a.nc")


def test_only_web_addresses_are_followed(session, tmp_path):
    with pytest.raises(RequestError, match="no http or https address"):
        download(session, "file:///etc/hostname", tmp_path / "a.nc")


def test_the_announced_size_is_known_without_the_file(session):
    page = Served(CONTENT)
    quiet = Served(CONTENT, announce=False)
    with serve({"/a.nc": page, "/b.nc": quiet}) as root:
        assert size_of(session, root + "/a.nc") == len(CONTENT)
        assert size_of(session, root + "/b.nc") is None
        with pytest.raises(NotServed, match="no such file"):
            size_of(session, root + "/c.nc")
    assert page.requests == [("HEAD", None)]


def test_an_interrupt_keeps_the_part(session, tmp_path):
    def interrupt(done, total):
        raise KeyboardInterrupt

    with serve({"/a.nc": Served(CONTENT)}) as root, pytest.raises(KeyboardInterrupt):
        download(session, root + "/a.nc", tmp_path / "a.nc", on_bytes=interrupt)
    assert (tmp_path / ".a.nc.part").stat().st_size > 0
    assert not (tmp_path / "a.nc").exists()
