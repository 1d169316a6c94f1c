from __future__ import annotations

import json
from pathlib import Path

from click.testing import CliRunner

from rootzone._cli.provenance import command
from rootzone._shared.provenance import Provenance, write_sidecar


def test_the_record_is_told_in_words_or_as_json(tmp_path: Path) -> None:
    picture = tmp_path / "figure.png"
    picture.touch()
    record = Provenance(verb="rootzone soils", inputs={"textures": "0123"})
    write_sidecar(picture, record)
    assert "made by    rootzone soils" in CliRunner().invoke(command, [str(picture)]).stdout
    shown = CliRunner().invoke(command, [str(picture), "--json"]).stdout
    assert json.loads(shown)["digest"] == record.digest
