"""The tables of ``rootzone validate-soils`` in docs/soil-hydraulics.md, by one command.

python benchmarks/soil_validation.py [--data ../shared/realdata] [--docs docs] [--only unsoda]
"""

from __future__ import annotations

import argparse
from pathlib import Path

from _pages import put_between
from click.testing import CliRunner

from rootzone._cli.validate_soils import command as validate_soils


def said(*words: object) -> str:
    """The table that the verb prints."""
    told = [str(word) for word in words]
    text = CliRunner().invoke(validate_soils, told, catch_exceptions=False).stdout
    return "\n".join(line for line in text.splitlines() if line.startswith("|"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=Path("../shared/realdata"))
    parser.add_argument("--docs", type=Path, help="Folder of the page whose tables to renew.")
    parser.add_argument("--only", choices=["unsoda", "all"], help="One of the two tables.")
    args = parser.parse_args()
    unsoda = ("--unsoda", args.data / "unsoda")
    curves = args.data / "soils" / "gshp_kssl_unsoda"
    meso = args.data / "soils" / "oklahoma_mesonet" / "mesosoil_v2_1.parquet"
    tables = {
        "unsoda": unsoda,
        "all": (
            *unsoda, "--kssl", curves / "kssl_reference.csv", "--gshp",
            curves / "gshp_reference.csv", "--mesosoil", meso,
        ),
    }  # fmt: skip
    for name, words in tables.items():
        if args.only in (None, name):
            text = said(*words)
            if args.docs:
                put_between(args.docs / "soil-hydraulics.md", f"validate-soils {name}", text)
            print(text)


if __name__ == "__main__":
    main()
