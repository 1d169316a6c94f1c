"""How long ``rootzone --help`` takes, as a user waits for it. Target: under 0.5 s."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time

from _figures import Figures, parser

RUNS = 9


def seconds(*command: str) -> float:
    """Median wall time of a command over several runs after a warm-up."""
    subprocess.run(command, capture_output=True, check=True)
    taken = []
    for _ in range(RUNS):
        start = time.perf_counter()
        subprocess.run(command, capture_output=True, check=True)
        taken.append(time.perf_counter() - start)
    return statistics.median(taken)


def main() -> None:
    args = parser(__doc__).parse_args()
    start = "from rootzone._cli import main; main()"
    figures = Figures()
    figures.add(
        "rootzone --help, median", seconds(sys.executable, "-c", start, "--help"), "s", "< 0.5"
    )
    figures.add("bare python start, median", seconds(sys.executable, "-c", "pass"), "s")
    figures.show(as_json=args.json)


if __name__ == "__main__":
    main()
