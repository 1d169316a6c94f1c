#!/bin/bash
# Wheels and inputs for benchmarks/gpu_engine.py on a machine that has a GPU and no network, in .gpu/.
# usage: scripts/prepare_gpu_run.sh [--all] [PYTHON_VERSION_THERE, 3.12 by default]
# 3 MB of wheels where Numba, numba-cuda, SciPy and PyArrow are there already; --all brings the first
# two with what they need, 100 MB.
set -euo pipefail
cd "$(dirname "$0")/.."
python=${PYTHON:-python3}
packages="pydantic pydantic_core annotated-types typing-inspection typing_extensions ruamel.yaml"
if [ "${1:-}" = --all ]; then
    packages="$packages numba llvmlite numpy numba-cuda cuda-bindings cuda-core cuda-pathfinder"
    shift
fi
version=${1:-3.12}
rm -rf .gpu && mkdir -p .gpu/wheels
platforms=$(for n in manylinux_2_28 manylinux_2_24 manylinux_2_17 manylinux2014; do echo "--platform ${n}_x86_64"; done)
# shellcheck disable=SC2086
$python -m pip download -q --no-deps --only-binary=:all: --python-version "$version" \
    --implementation cp $platforms -d .gpu/wheels -c constraints.txt $packages
PYTHONPATH=. $python benchmarks/gpu_engine.py --prepare .gpu/inputs.npz
du -sh .gpu
cat <<'END'
There, with this folder (a driver, and a toolkit with libnvvm or numba-cuda[cu13], must be there; and
NumPy below 2.5 where numba-cuda is 0.30):
  python3 -m pip install -q --no-index --no-deps --target /tmp/site .gpu/wheels/*.whl
  PYTHONPATH=/tmp/site:. python3 benchmarks/gpu_engine.py --quick .gpu/inputs.npz --record
END
