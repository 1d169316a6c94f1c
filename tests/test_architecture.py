from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import rootzone

ROOT = Path(__file__).resolve().parents[1]


def test_stages_import_only_earlier_stages() -> None:
    code = "from importlinter.cli import lint_imports_command; lint_imports_command()"
    held = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert held.returncode == 0, held.stdout + held.stderr


def test_the_order_in_the_contract_is_the_order_the_package_tells() -> None:
    told = re.findall(r"^    (\w+) {2,}\w", rootzone.__doc__ or "", flags=re.M)
    contract = (ROOT / "pyproject.toml").read_text().split("layers = [")[1].split("]")[0]
    layers = [name.split(".")[1] for name in re.findall(r'"([\w.]+)"', contract)]
    assert list(reversed(layers)) == ["_shared", *told, "_cli"]


def test_every_stage_that_is_told_is_a_package() -> None:
    told = re.findall(r"^    (\w+) {2,}\w", rootzone.__doc__ or "", flags=re.M)
    assert told
    assert all((ROOT / "rootzone" / name / "__init__.py").is_file() for name in told)
