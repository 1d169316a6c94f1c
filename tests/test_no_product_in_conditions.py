"""Nothing but catalog packs, readers, made-up files and words names a product in a condition."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[1] / "rootzone"
PRODUCTS = re.compile(r"(?i)gridmet|nlcd|polaris(?!a)|uscrn|colorado|worldcover|soilgrids|era5")
# Folders and files whose very subject is a product.
ABOUT_PRODUCTS = (
    "covariates/readers/", "stations/readers/", "made_up/", "hydraulics/polaris.py",
)  # fmt: skip


def named_in_conditions(tree: ast.AST) -> Iterator[str]:
    """Strings and names of products in tests of if, while, match, conditional expressions, dicts
    that are looked up, and comparisons."""
    for node in ast.walk(tree):
        parts: list[ast.AST] = []
        if isinstance(node, ast.If | ast.While | ast.IfExp):
            parts = [node.test]
        elif isinstance(node, ast.Compare):
            parts = [node]
        elif isinstance(node, ast.match_case):
            parts = [node.pattern]
        for part in parts:
            for leaf in ast.walk(part):
                text = (
                    leaf.value
                    if isinstance(leaf, ast.Constant) and isinstance(leaf.value, str)
                    else leaf.id
                    if isinstance(leaf, ast.Name)
                    else leaf.attr
                    if isinstance(leaf, ast.Attribute)
                    else ""
                )
                if PRODUCTS.search(text):
                    yield text


def test_no_condition_outside_readers_and_packs_names_a_product() -> None:
    # Issue 18: a condition on gridMET, NLCD, POLARIS, USCRN or Colorado would be a place on Earth
    # in the code. The exceptions: forms of soil.ptf and layouts of tables with a product's name.
    allowed = re.compile(
        r"^polaris(_van_genuchten)?$|^_PLAIN_IN_POLARIS$|^parameters_from_polaris$"
    )
    found = {
        (str(path.relative_to(PACKAGE)), text)
        for path in PACKAGE.rglob("*.py")
        if not str(path.relative_to(PACKAGE)).startswith(ABOUT_PRODUCTS)
        for text in named_in_conditions(ast.parse(path.read_text(encoding="utf-8")))
        if not allowed.match(text)
    }
    assert found == set()


def test_no_constant_of_the_package_is_a_weather_grid_or_a_class_code_of_one_product() -> None:
    # gridMET's first centre and NLCD's codes of water and town stand in data/catalogs alone.
    wrong = re.compile(r"124\.76|\b49\.4\b|\(11, 12, 21|\(11, 12\)")
    hits = [
        f"{path.relative_to(PACKAGE)}: {line.strip()}"
        for path in PACKAGE.rglob("*.py")
        if not str(path.relative_to(PACKAGE)).startswith("made_up/")
        for line in path.read_text(encoding="utf-8").splitlines()
        if wrong.search(line.split("#")[0])
    ]
    assert hits == []
