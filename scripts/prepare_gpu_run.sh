#!/bin/bash
# Wheels and inputs for benchmarks/gpu_engine.py on a machine that has a GPU and no network, in .gpu/.
# usage: scripts/prepare_gpu_run.sh [PYTHON_VERSION_THERE, 3.12 by default]
set -euo pipefail
cd "$(dirname "$0")/.."
python=${PYTHON:-python3}
version=${1:-3.12}
rm -rf .gpu && mkdir -p .gpu/wheels
platforms=$(for n in manylinux_2_28 manylinux_2_24 manylinux_2_17 manylinux2014; do echo "--platform ${n}_x86_64"; done)
# What rootzone's engine imports beside NumPy, SciPy and PyYAML, numba-cuda and what that needs.
# shellcheck disable=SC2086
$python -m pip download -q --no-deps --only-binary=:all: --python-version "$version" \
    --implementation cp $platforms -d .gpu/wheels -c constraints.txt \
    pydantic pydantic_core annotated-types typing-inspection typing_extensions \
    numba llvmlite numpy numba-cuda cuda-bindings cuda-core cuda-pathfinder
$python benchmarks/gpu_engine.py --prepare .gpu/inputs.npz
du -sh .gpu
cat <<'END'
There, with this folder (a CUDA driver, and a toolkit with libnvvm or numba-cuda[cu13], must be there):
  python3 -m pip install -q --no-index --no-deps --target /tmp/site .gpu/wheels/*.whl
  PYTHONPATH=/tmp/site:. python3 benchmarks/gpu_engine.py --quick .gpu/inputs.npz --record
END
