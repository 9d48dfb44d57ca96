# The door. `make run` and `make test` need Python 3.11 to 3.13 and nothing else.
PYTHON ?= python3
BIN := .venv/bin
INSTALLED := .venv/.installed

.DEFAULT_GOAL := help
.PHONY: help run up secrets test check types sql bench soak lock docs clean

help: ## What there is to make
	@grep -E '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /  make \1\t/' | expand -t 16

$(INSTALLED): requirements.lock pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit("Fruition needs Python 3.11, 3.12 or 3.13: make PYTHON=python3.11" if not (3, 11) <= sys.version_info[:2] < (3, 14) else 0)'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	$(BIN)/python -m pip check --disable-pip-version-check
	@touch $@

run: $(INSTALLED) ## Write the example portfolio, run one night through Airflow's DAGs, print the gaps
	$(BIN)/fruition example
	$(BIN)/python -m scripts.run_night

up: $(INSTALLED) ## Airflow live with its web UI, until Ctrl-C
	$(BIN)/python -m scripts.airflow_live

secrets: $(INSTALLED) ## The secrets that docker-compose.yml needs, made once
	$(BIN)/python -m scripts.make_secrets

test: $(INSTALLED) ## All tests: pytest, and the warehouse's dbt unit tests within it
	$(BIN)/python -m pytest -n auto

check: $(INSTALLED) types sql ## ruff, mypy, import-linter, contracts, feeds, sqlfluff, hadolint; quicker with -j2 -O
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	$(BIN)/odcslint check expectations
	$(BIN)/python -m scripts.lint_configuration
	$(BIN)/hadolint Dockerfile docker/superset/Dockerfile

types: $(INSTALLED)
	$(BIN)/mypy

sql: $(INSTALLED)
	$(BIN)/python -m scripts.lint_sql

bench: $(INSTALLED) ## The benchmarks, beside bare DuckDB
	$(BIN)/python benchmarks/door.py
	$(BIN)/python benchmarks/versions.py
	$(BIN)/python benchmarks/mathematics.py
	$(BIN)/python benchmarks/latency.py

soak: $(INSTALLED) ## The slow proofs: many more random portfolios and histories than CI runs
	$(BIN)/python -m pytest -m soak

lock: ## Resolve pyproject.toml into requirements.lock, with hashes and no registry's address
	$(PYTHON) -m venv .venv-lock && .venv-lock/bin/python -m pip install --quiet uv
	.venv-lock/bin/uv pip compile pyproject.toml --extra dev --python-version 3.11 --universal --generate-hashes \
	    --no-emit-index-url --quiet --custom-compile-command 'make lock' -o requirements.lock
	.venv-lock/bin/uv pip compile docker/superset/requirements.txt --no-deps --python-version 3.11 --universal \
	    --generate-hashes --no-emit-index-url --quiet --custom-compile-command 'make lock' -o docker/superset/requirements.lock
	rm -rf .venv-lock

docs: $(INSTALLED) ## The data dictionary, from contracts and marts
	$(BIN)/python -m scripts.data_dictionary

clean: ## Remove what was installed and built; data/ stays
	rm -rf .venv .venv-lock .mypy_cache .ruff_cache .pytest_cache warehouse/target warehouse/logs *.egg-info
