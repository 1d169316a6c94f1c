from __future__ import annotations

import ast
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


def test_seeds_become_generators_in_one_place() -> None:
    # Elsewhere a seed and a key ask for a stream, or a numpy.random.Generator is handed in.
    package = ROOT / "rootzone"
    makers = {
        path.relative_to(package).as_posix()
        for path in package.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute) and node.attr in ("default_rng", "SeedSequence")
    }
    assert makers == {"_shared/seeds.py"}


def test_process_pools_are_started_in_one_place() -> None:
    # There workers get one thread each, end with their driver and tell why they died.
    package = ROOT / "rootzone"
    starters = {
        path.relative_to(package).as_posix()
        for path in package.rglob("*.py")
        if re.search(r"\b(ProcessPoolExecutor|Parallel)\(|multiprocessing", path.read_text())
    }
    assert starters == {"_shared/workers.py"}


def test_no_random_number_comes_from_a_state_all_share() -> None:
    # numpy.random.rand and its like draw from one hidden state, whoever calls.
    for path in (ROOT / "rootzone").rglob("*.py"):
        drawn = re.findall(
            r"np\.random\.(?!default_rng|Generator|SeedSequence)(\w+)", path.read_text()
        )
        assert not drawn, f"{path}: np.random.{drawn[0]}"


# Factors that stay: kernels keep the rounding their answers were checked with, tensors go through
# the surface's physics, and the last is made-up land, not a conversion.
LENGTHS_IN_PLACE = {
    "engines/swim/snow.py", "engines/swim/nodes/apsim_steps.py", "surface/physics/bare_soil.py",
    "made_up/stations.py", "made_up/truth.py",
}  # fmt: skip


def test_verbs_tell_from_typed_reports() -> None:
    # A verb that must assert what its report holds reads a dict that nothing holds to its keys.
    for path in (ROOT / "rootzone" / "_cli").glob("*.py"):
        asserted = [n for n in ast.walk(ast.parse(path.read_text())) if isinstance(n, ast.Assert)]
        assert not asserted, f"{path.name}:{asserted[0].lineno} asserts what a type could tell"


def test_no_engine_is_known_by_name_outside_its_package() -> None:
    # What is to be known of an engine is asked of its module `kind` (engines/kinds.py).
    compared = re.compile(r"(engine|section)\.name\s*(==|!=)")
    package = ROOT / "rootzone"
    for path in package.rglob("*.py"):
        found = compared.search(path.read_text())
        assert found is None, f"{path.relative_to(package)}: {found.group(0)}"


def test_lengths_and_temperatures_are_converted_by_named_functions_alone() -> None:
    factors, length = (10, 0.1, 100, 1000, 0.001), re.compile(r"_(mm|cm|m|km)$")
    package = ROOT / "rootzone"
    found = []
    for path in package.rglob("*.py"):
        name = path.relative_to(package).as_posix()
        if name in LENGTHS_IN_PLACE or name == "_shared/units.py":
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if not isinstance(node, ast.BinOp):
                continue
            for one, other in ((node.left, node.right), (node.right, node.left)):
                if not isinstance(one, ast.Constant) or type(one.value) not in (int, float):
                    continue
                scaled = isinstance(node.op, ast.Mult | ast.Div) and one.value in factors
                named = ast.unparse(other).removesuffix("]").rstrip("'")
                plain = isinstance(other, ast.Name | ast.Attribute | ast.Subscript)
                if (scaled and plain and length.search(named)) or one.value == 273.15:
                    found.append(f"{name}:{node.lineno}: {ast.unparse(node)}")
    assert not found


def test_a_documented_number_whose_name_ends_in_a_unit_tells_the_unit() -> None:
    # In brackets, or by the function it refers to; names without a unit are bare fractions.
    entry = re.compile(r"^(\w[\w, ]*) : ((?:float|array)(?! of (?:int|bool|str)).*)$", re.M)
    unit = re.compile(r"_(mm|cm|m|km|h|s|degc|k|kpa|pct|m2|m_s|g_cm3|hz|deg|ms|mb)$")
    seen, silent = 0, []
    for path in (ROOT / "rootzone").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if not isinstance(node, ast.FunctionDef | ast.ClassDef) or node.name.startswith("_"):
                continue
            told = (ast.get_docstring(node) or "").partition("Parameters\n----------\n")[2]
            told = re.split(r"\n\n\w+\n---", told)[0]
            for found in entry.finditer(told):
                meaning = re.split(r"\n(?! )", told[found.end() :])[0]
                seen += 1
                about = found[2] + meaning
                names = found[1].split(", ")
                if any(map(unit.search, names)) and not re.search(r"\[|%|As (in|of) `", about):
                    silent.append(f"{path.name}:{node.lineno} {node.name}: {found[1]}")
    assert seen > 400
    assert not silent


def test_every_module_can_be_read_in_one_sitting() -> None:
    # 400 lines: a longer module answers more than one question, and is split along them.
    lines = {p: len(p.read_text().splitlines()) for p in (ROOT / "rootzone").rglob("*.py")}
    long = {p.relative_to(ROOT).as_posix(): n for p, n in lines.items() if n > 400}
    assert len(lines) > 300
    assert not long


def names_of(module: str) -> set[str]:
    """What can be imported from a module by its text, or nothing where there is no module."""
    place = ROOT / module.replace(".", "/")
    path = place / "__init__.py" if place.is_dir() else place.with_suffix(".py")
    if not path.is_file():
        return set()
    found = {other.stem for other in place.iterdir()} if place.is_dir() else set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            found.add(node.name)
        elif isinstance(node, ast.Name):
            found.add(node.id)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            found |= {alias.asname or alias.name for alias in node.names}
    return found


def test_benchmarks_scripts_pages_and_helpers_of_tests_import_what_is_there() -> None:
    # What the quick tests do not run breaks unseen when a module moves.
    ours = ("rootzone", "tests", "benchmarks")
    code = {
        p: p.read_text()
        for d in ("benchmarks", "scripts", "tests")
        for p in ROOT.glob(f"{d}/**/*.py")
    }
    for page in (ROOT / "docs").rglob("*.md"):
        code[page] = "\n".join(re.findall(r"^from rootzone.* import \w.*$", page.read_text(), re.M))
    wanted = {
        (node.module, alias.name, path.relative_to(ROOT).as_posix())
        for path, text in code.items()
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.ImportFrom) and not node.level and node.module
        if node.module.split(".")[0] in ours
        for alias in node.names
    }
    known = {module: names_of(module) for module, _, _ in wanted}
    lost = {one for one in wanted if one[1] not in known[one[0]]}  # module, name, importer
    assert len(wanted) > 1000
    assert not {one for one in lost if "__getattr__" not in known[one[0]]}


def test_tests_mirror_the_packages() -> None:
    # The command line's own tests lie in tests/cli, those of the rigs in tests/benchmarks.
    elsewhere = {"cli", "benchmarks/worlds"}
    tests = ROOT / "tests"
    folders = {path.parent.relative_to(tests).as_posix() for path in tests.rglob("test_*.py")}
    strangers = {name for name in folders - elsewhere if not (ROOT / "rootzone" / name).is_dir()}
    assert not strangers
