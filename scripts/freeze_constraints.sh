#!/usr/bin/env bash
# Pin every package of the tested environment: run it in a checkout whose .venv passes `make test`.
set -euo pipefail
cd "$(dirname "$0")/.."
{
    echo "# Versions the test suite passed with; written by scripts/freeze_constraints.sh."
    echo "# torch is the CPU build; another range pulls CUDA packages of several gigabytes."
    {
        .venv/bin/python -m pip freeze --exclude-editable --exclude rootzone --exclude torch
        echo "torch==2.13.0"
    } | sort --ignore-case --unique
} >constraints.txt
