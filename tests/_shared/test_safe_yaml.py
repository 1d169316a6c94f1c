from __future__ import annotations

from pathlib import Path

import pytest

from rootzone._shared.errors import RequestError
from rootzone._shared.safe_yaml import MAX_BYTES, Place, parse_yaml, read_yaml

HERE = Path("campaign.yaml")


def test_every_key_and_list_item_knows_its_line_and_column() -> None:
    document = parse_yaml("soil:\n  ptf: rosetta3\nyears:\n  - 2023\n  - 2024\n", HERE)
    assert document.data == {"soil": {"ptf": "rosetta3"}, "years": [2023, 2024]}
    assert document.place(("soil", "ptf")) == Place(2, 3)
    assert document.place(("years", 1)) == Place(5, 5)


def test_a_key_that_is_not_there_takes_the_place_of_its_section() -> None:
    document = parse_yaml("name: x\nsoil:\n  ptf: rosetta3\n", HERE)
    assert document.place(("soil", "missing", "deeper")) == Place(2, 1)
    assert document.place(("nothing",)) == Place(1, 1)


def test_a_key_written_twice_is_remembered() -> None:
    document = parse_yaml("a: 1\nb: 2\na: 3\n", HERE)
    assert document.repeated == [(("a",), Place(3, 1))]


def test_broken_yaml_is_named_with_line_and_column() -> None:
    with pytest.raises(RequestError, match=r"campaign\.yaml:2:2: not valid YAML"):
        parse_yaml("a: [1\nb: 2\n", HERE)


def test_a_tag_that_would_run_code_is_refused() -> None:
    with pytest.raises(RequestError, match=r"campaign\.yaml:1:4: not valid YAML.*os\.system"):
        parse_yaml("a: !!python/object/apply:os.system [echo]\n", HERE)


def test_a_file_that_multiplies_itself_by_aliases_is_refused() -> None:
    lines = ["a0: &a0 [x]"]
    lines += [f"a{i}: &a{i} [" + ", ".join([f"*a{i - 1}"] * 9) + "]" for i in range(1, 9)]
    with pytest.raises(RequestError, match="72 aliases; at most 20"):
        parse_yaml("\n".join(lines), HERE)


def test_nesting_without_end_is_refused() -> None:
    with pytest.raises(RequestError, match="nested deeper than 32"):
        parse_yaml("a: " + "[" * 40 + "]" * 40, HERE)
    with pytest.raises(RequestError, match="nested deeper than 32"):
        parse_yaml("a: " + "[" * 5000 + "]" * 5000, HERE)


def test_a_missing_a_huge_and_a_binary_file_are_named(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match="does not exist"):
        read_yaml(tmp_path / "none.yaml")
    huge = tmp_path / "huge.yaml"
    huge.write_bytes(b"#" * (MAX_BYTES + 1))
    with pytest.raises(RequestError, match=f"at most {MAX_BYTES}"):
        read_yaml(huge)
    binary = tmp_path / "binary.yaml"
    binary.write_bytes(b"a: \xff\xfe")
    with pytest.raises(RequestError, match="not UTF-8"):
        read_yaml(binary)
