# Two commands do everything on a machine with Python 3.11+ and make: `make run` and `make test`.
PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/.installed

.PHONY: help setup run test check chaos bench lock translations clean

help:
	@echo "make run     start Stempel with two sandbox shops (nothing else needed)"
	@echo "make test    the checks and all tests; PostgreSQL, Redis and a browser come with them"
	@echo "make chaos   the long versions: every order of receipt, thousands of redemptions in storms"
	@echo "make check   formatting, lint, types, import layers"
	@echo "make bench   benchmarks as ratios, written to var/bench.json"
	@echo "make setup   .venv with everything, as locked"
	@echo "make translations   bring the catalogues up to date with the words in the code"
	@echo "make lock    make the lock files anew from pyproject.toml"

setup: $(STAMP)

$(STAMP): requirements-dev.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "Stempel needs Python 3.11 or newer; say which with: make PYTHON=python3.11 ...")'
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { echo "Python's venv module is missing (on Debian: apt install python3-venv)" >&2; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements-dev.lock
	PYTHONWARNINGS=ignore $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	$(BIN)/python -m pip check
	@touch $@

run: setup
	$(BIN)/stempel demo

# Of the long stories that run on both databases PostgreSQL gets a quarter; make chaos runs all of them.
test: check
	STEMPEL_TEST_SIZE=sampled $(BIN)/python -m pytest -n 2 --dist worksteal

check: setup
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

# Timeouts of single tests are those of the ordinary run, so they are lifted here.
chaos: setup
	STEMPEL_TEST_SIZE=large $(BIN)/python -m pytest -n 2 --dist loadfile --timeout 3600 \
		tests/attack tests/way tests/services/test_*_property.py tests/services/test_order_16.py tests/services/test_order_5999.py

bench: setup
	$(BIN)/python -m tests.bench

lock:
	$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --no-header -o requirements.lock pyproject.toml
	$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --no-header --extra dev -o requirements-dev.lock pyproject.toml

translations: setup
	@mkdir -p var
	$(BIN)/pybabel -q extract -F pyproject.toml -k say -k plural:1,2 -k mark --sort-output --no-wrap --add-location=file --project=Stempel -o var/messages.pot app
	$(BIN)/pybabel -q update -i var/messages.pot -d app/translations -l pl --no-wrap --no-fuzzy-matching --ignore-obsolete

clean:
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis
