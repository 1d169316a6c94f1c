# Two commands on a fresh machine: `make demo` and `make test`. Each does its own set-up.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
DEMO_OUT ?= demo-out
REAL_OUT ?= real-out
export PIP_DISABLE_PIP_VERSION_CHECK = 1

.PHONY: help install demo real test coverage test-newest lint format bench engine-tables docs wheel clean

help:
	@echo "make demo    run the whole chain on a made-up county and name the report to open"
	@echo "make real DATA=../shared/realdata    the same on real input, what is not real told"
	@echo "make test    the whole test suite, kernels with JIT on and off"
	@echo "make coverage   the same, with the lines that no test reaches"
	@echo "make test-newest   the suite with the newest versions of everything, no constraints"
	@echo "make lint    format, lint, types and the import contract, nothing changed"
	@echo "make bench   every performance figure, one line each"
	@echo "make docs    the documentation site, into site/"

$(VENV)/.learn: pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	PIP_CONSTRAINT=constraints.txt $(BIN)/python -m pip install --quiet --quiet --editable '.[learn]'
	touch $@

$(VENV)/.dev: pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	PIP_CONSTRAINT=constraints.txt $(BIN)/python -m pip install --quiet --quiet --editable '.[dev]'
	touch $@ $(VENV)/.learn

$(VENV)/.docs: pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	PIP_CONSTRAINT=constraints.txt $(BIN)/python -m pip install --quiet --quiet --editable '.[dev,docs]'
	touch $@ $(VENV)/.dev $(VENV)/.learn

# All that the other targets install, at once.
install: $(VENV)/.docs

# Stopped or killed, both go on where they were when given again.
demo: $(VENV)/.learn
	$(BIN)/rootzone demo $(DEMO_OUT)
	@echo "the program itself is $(BIN)/rootzone; put it on the path: export PATH=$(CURDIR)/$(BIN):\$$PATH"

# Minutes of it are stations left out in folds, which CHAIN_ONLY=1 leaves out.
real: $(VENV)/.learn
	@test -d "$(DATA)" || { echo "make real DATA=folder of real files (see docs/data-sources.md)"; exit 2; }
	$(BIN)/python scripts/run_real.py $(DATA) $(REAL_OUT)
	$(if $(CHAIN_ONLY),,$(BIN)/python benchmarks/station_correction.py \
		--work $(REAL_OUT)/points/correction --data $(DATA) --steps 240)

# Kernels run twice: compiled, and as plain Python, which also holds what compiling may hide. Three
# at a time on two cores: a good part of the tests waits for processes of their own.
test: $(VENV)/.dev
	@$(BIN)/python -m pytest -n 3 --dist worksteal $(COVER); compiled=$$?; \
	NUMBA_DISABLE_JIT=1 $(BIN)/python -m pytest -n 2 --dist worksteal -m "kernels and not slow" \
		$(COVER_ON); plain=$$?; \
	echo "compiled kernels: pytest ended with $$compiled; as plain Python: with $$plain"; \
	test $$compiled -eq 0 -a $$plain -eq 0

# The same, and which lines no test reaches; a third slower.
coverage:
	$(MAKE) test COVER="--cov --cov-report=" COVER_ON="--cov --cov-append --cov-report=term"

# The suite with the newest version of everything (no constraints.txt) on the Pythons that are here,
# pyenv's among them. There is no CPU build of torch for all of them: tests that need it skip then.
# Minutes to an hour: not part of CI.
NEWEST ?= python3.12 python3.13
test-newest:
	@PATH="$$(printf '%s:' $$HOME/.pyenv/versions/*/bin)$$PATH"; \
	failed=; for python in $(NEWEST); do \
		$$python --version && $$python -m venv .newest/$$python && \
		.newest/$$python/bin/python -m pip install --quiet --upgrade --editable '.[apsim,fetch,hpc,zarr]' \
			hypothesis import-linter pytest pytest-cov pytest-xdist rio-cogeo 'rosetta-soil==0.3.2' \
			lightgbm safetensors && \
		PATH="$(CURDIR)/.newest/$$python/bin:$$PATH" .newest/$$python/bin/python -m pytest -n 2 \
			--dist worksteal || failed="$$failed $$python"; \
	done; \
	[ -z "$$failed" ] || { echo "failed with the newest versions:$$failed"; exit 1; }

lint: $(VENV)/.dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(VENV)/.dev
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: $(VENV)/.dev
	for figure in benchmarks/[a-z]*.py; do echo "# $$figure"; $(BIN)/python $$figure || exit 1; done

# Rewrites the accuracy and speed tables of docs/engine.md with what this machine gives (10 min).
engine-tables: $(VENV)/.dev
	$(BIN)/python scripts/write_engine_tables.py

docs: $(VENV)/.docs
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet

wheel: $(VENV)/.dev
	rm -rf dist
	$(BIN)/python -m build --outdir dist

clean:
	rm -rf $(DEMO_OUT) $(REAL_OUT) dist site .pytest_cache .mypy_cache .ruff_cache .coverage
