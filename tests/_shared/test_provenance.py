from __future__ import annotations

import json
from pathlib import Path

import pytest

from rootzone._shared.errors import RequestError
from rootzone._shared.provenance import (
    Provenance,
    in_words,
    inputs_of,
    read_provenance,
    sidecar_of,
    write_sidecar,
)

RECORD = Provenance(
    verb="rootzone soils", inputs={"textures": "0123"}, settings={"soil": {"dul_suction_cm": 100}}
)


def test_the_same_work_has_the_same_digest_and_other_work_another() -> None:
    again = Provenance(
        verb="rootzone soils",
        inputs={"textures": "0123"},
        settings={"soil": {"dul_suction_cm": 100}},
    )
    other = Provenance(verb="rootzone soils", inputs={"textures": "0124"})
    assert again.digest == RECORD.digest
    assert other.digest != RECORD.digest


def test_a_record_survives_its_text_form() -> None:
    assert Provenance.from_json(RECORD.to_json()) == RECORD


def test_a_record_that_was_edited_is_found_out(tmp_path: Path) -> None:
    picture = tmp_path / "figure.png"
    picture.touch()
    write_sidecar(picture, RECORD)
    edited = json.loads(sidecar_of(picture).read_text())
    edited["settings"]["soil"]["dul_suction_cm"] = 330
    sidecar_of(picture).write_text(json.dumps(edited))
    with pytest.raises(RequestError, match=r"figure\.png is damaged: digest"):
        read_provenance(picture)


def test_a_file_without_a_record_says_what_is_missing(tmp_path: Path) -> None:
    stray = tmp_path / "stray.csv"
    stray.touch()
    with pytest.raises(RequestError, match=r"stray\.csv carries no provenance"):
        read_provenance(stray)
    with pytest.raises(RequestError, match="does not exist"):
        read_provenance(tmp_path / "nothing.csv")


def test_a_file_that_only_claims_to_be_parquet_is_named(tmp_path: Path) -> None:
    false = tmp_path / "false.parquet"
    false.write_text("no")
    with pytest.raises(RequestError, match=r"false\.parquet is damaged: it cannot be read as"):
        read_provenance(false)


def test_words_name_every_input_and_setting() -> None:
    text = in_words(RECORD)
    assert "made by    rootzone soils" in text
    assert "input      textures  0123" in text
    assert "setting    soil.dul_suction_cm = 100" in text
    assert f"digest     {RECORD.digest}" in text


def test_inputs_are_known_by_their_content_not_their_place(tmp_path: Path) -> None:
    one, two = tmp_path / "a.csv", tmp_path / "b.csv"
    one.write_text("same")
    two.write_text("same")
    assert inputs_of({"textures": one}) == inputs_of({"textures": two})
