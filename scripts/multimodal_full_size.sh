#!/bin/sh
# The multimodal network at full size on one GPU: ConvNeXt V2 tiny, windows of 96 px, bf16.
# Needs about 20 GB of memory and, for its data, an hour of one core before the GPU is busy.
# Usage: scripts/multimodal_full_size.sh FOLDER   (what is finished stays there; call it again)
set -eu
keep=${1:?name a folder for the province and the finished parts}
cd "$(dirname "$0")/.."
python benchmarks/multimodal_speed.py --only loop --variant tiny --batch 64 --steps 40 \
    --device cuda --bf16
python benchmarks/surface_multimodal.py --variant tiny --window 96 --days 28 --chips 8000 \
    --product-epochs 60 --epochs 60 --seeds 3 --device cuda --bf16 --keep "$keep"
