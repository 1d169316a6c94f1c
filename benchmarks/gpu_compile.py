"""Compile the GPU's kernels for a real card without having one, and say what they ask of it.

Needs numba-cuda, libnvvm and libnvrtc (``pip install 'numba-cuda[cu13]'``, or a CUDA toolkit that
``CUDA_HOME`` names) and, for registers and spills, ``ptxas`` on the path. No driver, no card::

    python benchmarks/gpu_compile.py [--cc 9.0] [--single]
"""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import tempfile
import time
from collections import Counter
from pathlib import Path
from types import SimpleNamespace

import numpy as np
from numba import cuda, from_dtype, types

from rootzone.engines.swim.batch import KINDS
from rootzone.engines.swim.gpu import kernels


def pretend_card(capability: tuple[int, int]) -> None:
    """Numba asks the card for its capability wherever one kernel function calls another."""
    from numba.cuda import compiler, dispatcher

    card = SimpleNamespace(compute_capability=capability)
    for module in (compiler, dispatcher):
        module.get_current_device = lambda: card


def array(ndim: int, dtype: type = np.float64) -> types.Array:
    return types.Array(from_dtype(np.dtype(dtype)), ndim, "C")


def signatures(single: bool) -> dict[str, tuple[object, types.Type]]:
    """Texts and argument types as ``run_columns.Track`` hands them over."""
    lane = np.float32 if single else np.float64
    one, two, three = array(1), array(2), array(3)
    day, report = array(1, np.int64), array(2, np.int64)
    columns_args = (three, two, one, two, day, array(1, lane), array(2, lane), array(2, lane))
    return {
        **{
            " with ".join(pair): (
                kernels.compiled_lanes(*pair).py_func,
                types.void(*columns_args, three, three, report),
            )
            for pair in KINDS
        },
        "judge": (
            kernels.judge_lanes,
            types.void(
                three, two, two, two, two, day, three, three, two, types.float64, report, one
            ),
        ),
        "turn": (kernels.turn, types.void(three, types.int64, two)),
    }


def count_instructions(ptx: str) -> Counter[str]:
    """Instructions of PTX by what they do, where they stand (not how often they run)."""
    kinds = {
        "load": r"^\s+(@%p\d+ )?ld\.(global|const)?",
        "store": r"^\s+(@%p\d+ )?st\.(global)?",
        "double": r"^\s+(add|sub|mul|fma|div|sqrt|rcp|min|max)[.\w]*\.f64",
        "single": r"^\s+(add|sub|mul|fma|div|sqrt|rcp|min|max)[.\w]*\.f32",
        "branch": r"^\s+(@!?%p\d+ )?bra",
    }
    return Counter({kind: len(re.findall(pattern, ptx, re.M)) for kind, pattern in kinds.items()})


def assemble(ptx: str, capability: tuple[int, int], registers: int | None) -> str:
    """What ptxas says of the kernel: registers, stack, spills."""
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "kernel.ptx"
        source.write_text(ptx)
        arch = f"sm_{capability[0]}{capability[1]}"
        limit = [f"-maxrregcount={registers}"] if registers else []
        # Numba links its function for ``reshape`` only where a kernel is loaded.
        limit += ["-c"] if "numba_attempt_nocopy_reshape" in ptx else []
        done = subprocess.run(
            [
                shutil.which("ptxas") or "ptxas",
                "-v",
                f"-arch={arch}",
                *limit,
                str(source),
                "-o",
                f"{source}.cubin",
            ],
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise SystemExit(f"ptxas refused the kernel: {done.stderr[-1000:]}")
        size = Path(str(source) + ".cubin").stat().st_size
    entry = done.stderr.split("Compiling entry function", 1)[-1]
    frame = re.search(r"(\d+) bytes stack.*?(\d+) bytes spill stores, (\d+) bytes spill", entry)
    used = re.search(r"Used (\d+) registers", entry)
    stack, stores, loads = frame.groups() if frame else ("?", "?", "?")
    return (
        f"{used.group(1) if used else '?'} registers, {stack} B stack, spills {stores} B stored "
        f"and {loads} B loaded, {size / 1e3:.0f} kB of machine code"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cc", default="9.0", help="compute capability, 9.0 for H100 and H200")
    parser.add_argument("--single", action="store_true", help="scratch in single precision")
    parser.add_argument("--registers", type=int, nargs="*", default=[], help="and at these limits")
    asked = parser.parse_args()
    major, minor = (int(part) for part in asked.cc.split("."))
    pretend_card((major, minor))
    for name, (text, signature) in sorted(
        signatures(asked.single).items(), key=lambda one: len(one[0])
    ):
        start = time.process_time()
        ptx, _ = cuda.compile_ptx(text, signature, cc=(major, minor))
        seconds = time.process_time() - start
        found = ", ".join(f"{n} {kind}" for kind, n in count_instructions(ptx).items() if n)
        print(f"{name}: PTX of {len(ptx) / 1e3:.0f} kB in {seconds:.0f} s of CPU; {found}")
        if not shutil.which("ptxas"):
            print("  no ptxas on the path: not assembled")
            continue
        for limit in (None, *asked.registers):
            told = assemble(ptx, (major, minor), limit)
            print(f"  at most {limit} registers: {told}" if limit else f"  {told}")


if __name__ == "__main__":
    main()
