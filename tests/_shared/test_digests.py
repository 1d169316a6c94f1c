from __future__ import annotations

import hashlib
from pathlib import Path

from rootzone._shared.digests import code_version, digest_bytes, digest_file, digest_json


def test_a_file_and_its_bytes_have_the_same_digest(tmp_path: Path) -> None:
    path = tmp_path / "x.bin"
    path.write_bytes(b"soil" * 700_000)  # larger than one chunk
    # SHA-256 of the standard library, cut to 16 digits.
    assert digest_file(path) == hashlib.sha256(b"soil" * 700_000).hexdigest()[:16]
    assert digest_file(path) == digest_bytes(b"soil" * 700_000)


def test_the_order_of_keys_does_not_change_a_digest_but_a_value_does() -> None:
    assert digest_json({"a": 1, "b": [2, 3]}) == digest_json({"b": [2, 3], "a": 1})
    assert digest_json({"a": 1}) != digest_json({"a": 2})


def test_the_code_version_names_the_release_and_the_sources() -> None:
    release, _, sources = code_version().partition("+")
    assert release == "0.1.0"
    assert len(sources) == 16
