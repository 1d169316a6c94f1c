"""Every verb with wrong paths, values and kinds of files: no traceback, whatever is asked.

    python benchmarks/verbs_fuzzed.py [CALLS] [SEED]

Calls are made in one process through Click's own runner, each with options drawn from the verb's
own: wrong types, wrong ranges, NaN, files of another kind, cut files, empty ones, folders, files
that do not exist. An error of ours or of Click's is an answer; anything else is a fault, counted by
where it was raised. Prints the faults and how many calls ended how.
"""

from __future__ import annotations

import os
import random
import signal
import sys
import tempfile
import traceback
from collections import Counter
from importlib import import_module
from pathlib import Path

import click
import numpy as np
import polars as pl
from click.testing import CliRunner

from rootzone._cli import VERBS, cli
from rootzone._cli._failures import in_one_sentence
from rootzone._shared.errors import RootzoneError

NUMBERS = (click.INT, click.FLOAT)
SKIPPED = {"demo"}  # minutes of work when it is asked rightly
LIMIT_S = 20
SLOW_LIBRARIES = ("torch", "lightgbm", "rasterio", "numba", "rootzone.learning.campaign_training")
WORDS = ["", "x", "0", "-1", "1", "2", "nan", "inf", "1e400", "007", "31/12/2022", "2023-02-30",
         "2023-06-15", "a,b", "50,50,100", "0-1000", "Ås", "x" * 300, "key=value", "l=nan",
         "seed=1", "../..", "/", "-", "%", "stations", "network", "[1]", "{"]  # fmt: skip


def files_of(folder: Path) -> list[Path]:
    """Files of every kind, whole and damaged."""
    rng = np.random.default_rng(1)
    soils = pl.DataFrame(
        {"site_id": ["a", "a"], "cell_id": ["c", "c"], "layer": [1, 2],
         "thickness_mm": [100.0, 200.0], "sand_pct": 40.0, "silt_pct": 40.0, "clay_pct": 20.0}
    )  # fmt: skip
    days = pl.date_range(pl.date(2020, 1, 1), pl.date(2020, 2, 1), eager=True)
    weather = pl.DataFrame({"cell_id": "c", "date": days, "rain_mm": 1.0, "eo_mm": 2.0})
    stations = pl.DataFrame(
        {"network": "N", "station": "s", "lat": 40.0, "lon": -105.0, "elevation_m": 1.0,
         "position_m": 1.0, "depth_m": 0.2, "depth_top_m": None, "sensor": "", "date": days,
         "day_kind": "mean_lst", "theta": 0.2, "flag": "", "source_flag": "", "readings": 1},
        schema_overrides={"depth_top_m": pl.Float64, "readings": pl.Int32},
    )  # fmt: skip
    tables = {"soils": soils, "weather": weather, "stations": stations}
    for name, frame in tables.items():
        frame.write_parquet(folder / f"{name}.parquet")
        frame.write_csv(folder / f"{name}.csv")
        whole = (folder / f"{name}.parquet").read_bytes()
        (folder / f"{name}_cut.parquet").write_bytes(whole[: len(whole) // 2])
        frame.head(0).write_csv(folder / f"{name}_header.csv")
        frame.rename({c: c.upper() for c in frame.columns}).write_csv(folder / f"{name}_other.csv")
    pl.DataFrame({"site_id": ["a"], "date": [days[0]], "theta": [[0.1, 0.2]]}).write_parquet(
        folder / "profiles.parquet"
    )
    (folder / "campaign.yaml").write_text(
        "name: c\nregion: {bounds_lonlat_deg: [-105.3, 40.0, -105.2, 40.1]}\nyears: [2023]\n"
    )
    (folder / "wrong.yaml").write_text("name: [1\nregion: x\n")
    (folder / "list.yaml").write_text("- 1\n- 2\n")
    (folder / "place.yaml").write_text("name: c\nregion: {place: Atlantis}\nyears: [2023]\n")
    for suffix in (".parquet", ".csv", ".json", ".yaml", ".tif", ".nc", ".zip", ".txt", ".db"):
        (folder / f"empty{suffix}").write_bytes(b"")
        (folder / f"noise{suffix}").write_bytes(rng.bytes(2000))
        (folder / f"folder{suffix}").mkdir()
    (folder / "text.parquet").write_text("not a table\n")
    (folder / "zip.csv").write_bytes(b"PK\x03\x04 nothing")
    (folder / "deep.json").write_text("[" * 5000)
    (folder / "latin.csv").write_bytes("station,date\nÅs,2020-01-01\n".encode("cp1252"))
    return [*sorted(folder.iterdir()), folder, folder / "none.parquet", folder / "none.yaml"]


def call_of(rng: random.Random, files: list[Path], out: Path) -> list[str]:
    """One call: a verb, some of its options and arguments, mostly wrong."""
    verb = rng.choice([v for v in VERBS if v not in SKIPPED])
    command = cli.get_command(click.Context(cli), verb.replace("_", "-"))
    words = [verb.replace("_", "-")]
    while isinstance(command, click.Group):
        name = rng.choice(command.list_commands(click.Context(command)))
        words.append(name)
        command = command.get_command(click.Context(command), name)
    if command is None:
        raise ValueError(verb)
    for option in command.params:
        if isinstance(option, click.Option) and not option.required and rng.random() > 0.15:
            continue
        if isinstance(option, click.Argument) and not option.required and rng.random() < 0.3:
            continue
        value = value_of(option, rng, files, out)
        if isinstance(option, click.Argument):
            words += [value] * (1 if option.nargs == 1 else rng.randint(1, 2))
        elif option.is_flag:
            words.append(option.opts[-1])
        else:
            words += [option.opts[-1], *[value] * max(1, option.nargs)]
    return words


def value_of(option: click.Parameter, rng: random.Random, files: list[Path], out: Path) -> str:
    """A value for an option: of its own kind in two cases of three."""
    if option.name == "out" and rng.random() < 0.7:
        return str(out / rng.choice(["o.parquet", "o.csv", "o", "o.txt", "no/folder/o.parquet"]))
    if rng.random() < 0.12:
        return rng.choice(WORDS)
    if option.name == "campaign" and rng.random() < 0.8:
        return str(rng.choice([f for f in files if f.suffix == ".yaml"]))
    kind = {"soils": "soils", "weather": "weather", "table": "stations", "stations": "stations"}
    if option.name in kind and rng.random() < 0.6:
        return str(rng.choice([f for f in files if f.name.startswith(kind[option.name])]))
    if isinstance(option.type, click.Choice):
        return rng.choice(list(option.type.choices))
    if isinstance(option.type, click.Path) or isinstance(option, click.Argument):
        return str(rng.choice(files))
    if isinstance(option.type, click.IntRange | click.FloatRange) or option.type in NUMBERS:
        return rng.choice(["1", "2", "3", "10", "0.5", "100"])
    return rng.choice(WORDS)


def _late(number: int, frame: object) -> None:
    raise TimeoutError


def main() -> int:
    """Make the calls and print what came of them."""
    calls, seed = (int(a) for a in (sys.argv[1:] + ["2000", "1"][len(sys.argv) - 1 :])[:2])
    rng = random.Random(seed)  # noqa: S311 - choices of a trial
    ended: Counter[str] = Counter()
    faults: dict[str, list[str]] = {}
    signal.signal(signal.SIGALRM, _late)
    for library in SLOW_LIBRARIES:  # one that a limit stops half-way cannot be imported again
        import_module(library)
    with tempfile.TemporaryDirectory() as name:
        folder, out = Path(name) / "in", Path(name) / "out"
        folder.mkdir()
        out.mkdir()
        files = files_of(folder)
        os.chdir(out)
        runner = CliRunner()
        for _ in range(calls):
            words = call_of(rng, files, out)
            signal.alarm(LIMIT_S)
            try:
                ran = runner.invoke(cli, words)
            except TimeoutError:
                ended["too slow to tell"] += 1
                continue
            finally:
                signal.alarm(0)
            error = ran.exception
            if error is None or isinstance(error, SystemExit | RootzoneError | click.Abort):
                code = getattr(error, "exit_code", ran.exit_code)
                ended[f"exit {code}"] += 1
            elif isinstance(error, TimeoutError):
                ended["too slow to tell"] += 1
            elif isinstance(error, Exception) and in_one_sentence(error) is not None:
                ended["told in one sentence"] += 1
            else:
                ended["fault"] += 1
                last = traceback.extract_tb(error.__traceback__)
                own = [f for f in last if "/rootzone/" in f.filename][-1:]
                where = f"{Path(own[0].filename).name}:{own[0].lineno}" if own else "?"
                text = f"{type(error).__name__}: {str(error)[:110]!r} at {where}"
                faults.setdefault(f"{words[0]}: {text}", []).append(" ".join(words)[:300])
    for text, examples in sorted(faults.items()):
        sys.stdout.write(f"{len(examples):4d}  {text}\n      {examples[0]}\n")
    sys.stdout.write(f"{calls} calls, seed {seed}: {dict(sorted(ended.items()))}\n")
    return int(bool(faults))


if __name__ == "__main__":
    sys.exit(main())
