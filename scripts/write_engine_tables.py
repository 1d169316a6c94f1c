"""Run the engine's benchmarks and put their figures into the tables of its pages.

In docs/engine.md and docs/roots.md, between ``<!-- begin NAME -->`` and ``<!-- end NAME -->``,
stands what ``benchmarks/NAME.py --json`` gives. ``--only`` runs some of them, ``--from`` takes
figures kept as ``FOLDER/NAME.json`` instead.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import os
import platform
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PAGES = (ROOT / "docs" / "engine.md", ROOT / "docs" / "roots.md")
MARKED = re.compile(r"<!-- begin (\w+) -->\n.*?<!-- end \1 -->", flags=re.DOTALL)
Row = dict[str, float | str]


def figures_of(name: str, folder: Path | None) -> list[Row] | None:
    """Figures of one benchmark, run now or kept; None where there are none."""
    if folder is not None:
        kept = folder / f"{name}.json"
        return json.loads(kept.read_text()) if kept.exists() else None
    script = ROOT / "benchmarks" / f"{name}.py"
    if not script.exists():
        print(f"{name}: no such benchmark, left as it is", file=sys.stderr)
        return None
    print(f"{name} ...", file=sys.stderr)
    done = subprocess.run(
        [sys.executable, str(script), "--json"], stdout=subprocess.PIPE, check=True, text=True
    )
    return json.loads(done.stdout)


def machine() -> str:
    """Processor and number of cores, for the line above each table."""
    model = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.exists():
        found = re.search(r"model name\s*: (.*)", info.read_text())
        model = found.group(1) if found else model
    return f"{model}, {os.cpu_count()} cores"


def table_of(rows: list[Row], today: str) -> str:
    """The figures as a Markdown table, with the machine and the day."""
    lines = [f"*{machine()}, {today}.*", "", "| figure | value | unit | target |", "|-|-:|-|-|"]
    for row in rows:
        cells = (row["name"], f"{row['value']:.3g}", row["unit"], row.get("target", ""))
        lines.append("| " + " | ".join(str(cell) for cell in cells) + " |")
    return "\n".join(lines)


def main() -> None:
    """Rewrite the tables that were asked for."""
    parsed = argparse.ArgumentParser(description=__doc__)
    parsed.add_argument("--only", nargs="*", help="benchmarks to run; default: all of the page")
    parsed.add_argument("--from", dest="folder", type=Path, help="folder of kept figures")
    arguments = parsed.parse_args()
    today = dt.datetime.now(tz=dt.UTC).date().isoformat()
    for page in PAGES:
        rewrite(page, arguments.only, arguments.folder, today)


def rewrite(page: Path, only: list[str] | None, folder: Path | None, today: str) -> None:
    """The tables of one page that were asked for."""
    text = page.read_text(encoding="utf-8")
    for found in MARKED.finditer(text):
        name = found.group(1)
        if only and name not in only:
            continue
        rows = figures_of(name, folder)
        if rows:
            new = f"<!-- begin {name} -->\n{table_of(rows, today)}\n<!-- end {name} -->"
            text = text.replace(found.group(0), new)
    page.write_text(text, encoding="utf-8")
    print(page.relative_to(ROOT))


if __name__ == "__main__":
    main()
