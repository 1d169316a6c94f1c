"""A stand-in for APSIM's ``Models``: its files, exit codes and faults, none of its physics.

All rain runs off and what evaporates comes up through the bottom, so storage never changes and
the balance closes. Sites misbehave by their bulk density: 1.11 fails, 1.22 hangs, 1.33 kills the
process, 1.44 makes the whole file unreadable. The environment makes it another APSIM: its version,
STAND_IN_KINDS=2022 its numbers of messages, STAND_IN_FAULT a fault of all files: ``version``,
``json``, ``full`` (a database that lost its rows, status 0), ``wal`` (rows left in the -wal).
"""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import sys
import time
from pathlib import Path

HEADER_LINES = 7


def nodes(tree: dict, kind: str) -> list[dict]:
    found = [tree] if kind in tree["$type"].split(",")[0].split(".") else []
    return found + [node for child in tree["Children"] for node in nodes(child, kind)]


def rain_of(met: Path) -> list[float]:
    return [float(line.split()[5]) for line in met.read_text().splitlines()[HEADER_LINES:]]


def main() -> int:
    if "--version" in sys.argv:
        sys.stdout.write("APSIM " + os.environ.get("STAND_IN_VERSION", "2024.8.7572.0"))
        return 0
    path = Path(sys.argv[1])
    fault = os.environ.get("STAND_IN_FAULT", "")
    with (Path(os.environ.get("STAND_IN_STARTS", os.devnull))).open("a") as starts:
        starts.write(f"{os.getpid()}\n")
    if fault == "version":
        sys.stdout.write("System.Exception: File version is greater than the latest file version\n")
        return 1
    if fault == "json":
        sys.stdout.write(
            f"System.Exception: Error in file:{path}\n ---> Newtonsoft.Json."
            "JsonSerializationException: Could not find type 'Models.Climate.Weather'\n"
        )
        return 1
    if fault == "full":
        sqlite3.connect(path.with_suffix(".db")).execute("CREATE TABLE Daily (Date TEXT)")
        return 0
    simulations = nodes(json.loads(path.read_text()), "Simulation")
    kinds = [nodes(simulation, "Physical")[0]["BD"][0] for simulation in simulations]
    if 1.44 in kinds:
        sys.stdout.write(f"System.Exception: Error in file: {path} Simulation: s\n")
        return 1
    database = sqlite3.connect(path.with_suffix(".db"))
    if fault == "wal":
        database.execute("PRAGMA journal_mode=WAL")
        database.execute("PRAGMA wal_autocheckpoint=0")
    n_layer = len(nodes(simulations[0], "Physical")[0]["Thickness"])
    layers = ", ".join(f'"SW({i + 1})" REAL' for i in range(n_layer))
    database.execute("CREATE TABLE _Simulations (ID INTEGER, Name TEXT, FolderName TEXT)")
    database.execute(
        "CREATE TABLE _Messages (CheckpointID INTEGER, SimulationID INTEGER, ComponentName TEXT,"
        " Date TEXT, Message TEXT, MessageType INTEGER)"
    )
    database.execute(
        "CREATE TABLE Daily (CheckpointID INTEGER, SimulationID INTEGER, Zone TEXT, Date TEXT,"
        f" Rain REAL, Runoff REAL, Drainage REAL, Es REAL, Eo REAL, {layers})"
    )
    failed = False
    for number, (simulation, kind) in enumerate(zip(simulations, kinds, strict=True), start=1):
        if kind == 1.22:
            database.commit()
            time.sleep(3600)
        if kind == 1.33:
            database.commit()
            os.kill(os.getpid(), signal.SIGKILL)
        failed |= run(database, simulation, number, path.parent, fails=kind == 1.11)
    database.commit()
    if fault == "wal":
        sys.stdout.flush()
        os._exit(int(failed))  # closing the connection would put the rows into the file
    return int(failed)


def run(
    database: sqlite3.Connection, simulation: dict, number: int, folder: Path, *, fails: bool
) -> bool:
    from datetime import date, timedelta

    database.execute("INSERT INTO _Simulations VALUES (?, ?, NULL)", (number, simulation["Name"]))
    theta = nodes(simulation, "Sample")[0]["SW"]
    start = date.fromisoformat(nodes(simulation, "Clock")[0]["Start"][:10])
    rain = rain_of(folder / nodes(simulation, "Weather")[0]["FileName"])
    for day, amount in enumerate(rain[: len(rain) // 2] if fails else rain):
        text = f"{start + timedelta(days=day)} 12:00:00"
        row = (1, number, "Field", text, amount, amount, -0.5, 0.5, 2.0, *theta)
        marks = ", ".join("?" * len(row))
        database.execute(f"INSERT INTO Daily VALUES ({marks})", row)  # noqa: S608 - only marks
    if fails:
        message = (
            f"ERROR in file: {folder}/run.apsimx\nSimulation name: {simulation['Name']}\n"
            "System.Exception: Swim failed to find solution\n   at Models.Soils.Swim3.OnProcess()"
        )
    modern = os.environ.get("STAND_IN_KINDS") == "2022"
    said = [(2 if modern else 0, "Simulation terminated normally")]
    said += [(3, "160.0 kg/ha of NO3N added")] if modern and not fails else []
    said += [(0 if modern else 2, message)] if fails else []
    rows = [(number, text, kind) for kind, text in said]
    database.executemany("INSERT INTO _Messages VALUES (1, ?, '', '', ?, ?)", rows)
    return fails


if __name__ == "__main__":
    sys.exit(main())
