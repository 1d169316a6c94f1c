"""One line per figure with its unit, or all of them as JSON with ``--json``."""

from __future__ import annotations

import argparse
import json
from dataclasses import dataclass, field

import rootzone.learning  # noqa: F401 - says how torch's threads wait, before torch is imported


@dataclass
class Figures:
    """Figures of one benchmark, in the order they were measured."""

    rows: list[dict[str, float | str]] = field(default_factory=list)

    def add(self, name: str, value: float, unit: str, target: str = "") -> None:
        """Keep a figure; ``target`` states the goal in words, such as ``<= 0.6``."""
        row: dict[str, float | str] = {"name": name, "value": float(value), "unit": unit}
        if target:
            row["target"] = target
        self.rows.append(row)

    def show(self, *, as_json: bool) -> None:
        """Print all figures."""
        if as_json:
            print(json.dumps(self.rows, indent=1))
            return
        for row in self.rows:
            target = f"   (target {row['target']})" if "target" in row else ""
            print(f"{row['name']:<58} {row['value']:>12.6g} {row['unit']}{target}")


def parser(description: str | None) -> argparse.ArgumentParser:
    """Argument parser every benchmark starts from."""
    parsed = argparse.ArgumentParser(description=description)
    parsed.add_argument("--json", action="store_true", help="machine-readable figures")
    return parsed
