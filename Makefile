# Needs Python 3.11 or newer, make, and a package mirror; nothing else, root or not.

VENV := .venv
BIN := $(VENV)/bin
RUN := $(BIN)/python -m
DEMO_ARGS ?=
TEST_ARGS ?=
TEST_WORKERS ?= 2
BENCH ?= ingest geofence rules clock storm fleet backlog api console report matching scenarios growth fast operators
BENCH_ARGS ?=
SHIPPED := domain geofence access evidence alerts store ingest api simulators bailiwick deploy
SOAK_ARGS ?= --wearers 2000 --rate 1 --duration 3600 --report .cache/soak.json --no-browser

CONSOLE := api/console/built/sizes.json
WEB := $(shell find web -name node_modules -prune -o -type f -print)

# The first Python that is new enough; else the plain one, which says what is wrong.
PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
	command -v $$p >/dev/null && $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' && echo $$p && break; \
	done)
ifeq ($(strip $(PYTHON)),)
PYTHON := python3
endif

.PHONY: demo test check console pictures format audit bench soak clean

demo: $(VENV)/.run-stamp $(CONSOLE)  ## the whole system on embedded parts: http://127.0.0.1:8080
	@$(RUN) bailiwick demo $(DEMO_ARGS)

test: $(VENV)/.dev-stamp $(CONSOLE)  ## every test, on real parts
	@$(RUN) bailiwick.warm_up & compiled=$$!; $(RUN) bailiwick.parts.real_parts && wait $$compiled
	@$(RUN) pytest -n $(TEST_WORKERS) --dist worksteal $(TEST_ARGS)

check: $(VENV)/.dev-stamp $(CONSOLE)  ## the quick loop, about a minute
	@$(BIN)/ruff format --check --quiet . && $(BIN)/ruff check --quiet .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo
	@$(BIN)/bandit --quiet --configfile pyproject.toml --recursive $(SHIPPED)
	@$(RUN) pytest -m "not slow and not real" -n $(TEST_WORKERS) --dist worksteal $(TEST_ARGS)

console: $(CONSOLE)  ## the console's styles and scripts, from web/

pictures: $(VENV)/.dev-stamp $(CONSOLE)  ## every page of the console as a picture: docs/pictures/console
	@mkdir -p docs/pictures/console && rm -f docs/pictures/console/*.png
	@BAILIWICK_PICTURES=docs/pictures/console $(RUN) pytest tests/console/test_gallery.py

format: $(VENV)/.dev-stamp  ## puts the code in its form
	@$(BIN)/ruff check --fix --quiet . ; $(BIN)/ruff format --quiet .

audit: $(VENV)/.dev-stamp  ## known vulnerabilities of what is installed here; needs the network (it asks PyPI of each package)
	@mkdir -p .cache && test -d .cache/audit || $(PYTHON) -m venv .cache/audit
	@.cache/audit/bin/python -m pip install --quiet --upgrade pip-audit
	@$(RUN) pip freeze --exclude-editable > .cache/installed.txt
	@.cache/audit/bin/pip-audit --requirement .cache/installed.txt --no-deps --disable-pip --progress-spinner off

bench: $(VENV)/.dev-stamp $(CONSOLE)  ## the benchmarks: bench/results/NAME.json, and docs/benchmarks.md of them
	@$(RUN) pip install --quiet --group bench
	@$(RUN) bailiwick.parts.real_parts
	@for name in $(BENCH); do echo "bench/$$name"; $(RUN) bench.$$name $(BENCH_ARGS) || exit 1; done
	@$(RUN) bench.plots

soak: $(VENV)/.dev-stamp $(CONSOLE)  ## ingest killed 20 times under load; alerts by a new seed; the API asked at length; an hour of the demo, its report in .cache/soak.json
	@BAILIWICK_TEST_KILLS=20 $(RUN) pytest tests/ingest/test_kills.py
	@BAILIWICK_TEST_SEED=random $(RUN) pytest tests/alerts/test_nobody_can_lose_one.py
	@BAILIWICK_TEST_EXAMPLES=200 $(RUN) pytest tests/api/test_schemathesis.py
	@$(RUN) bailiwick demo $(SOAK_ARGS)

clean:  ## what was made here: environment, caches, parts
	rm -rf $(VENV) .cache web/node_modules api/console/built .mypy_cache .ruff_cache .hypothesis .import_linter_cache data
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)/.run-stamp: pyproject.toml deploy/environment.py
	@$(PYTHON) deploy/environment.py $(VENV)
	@touch $@

$(VENV)/.dev-stamp: pyproject.toml deploy/environment.py
	@$(PYTHON) deploy/environment.py $(VENV) --dev
	@touch $(VENV)/.run-stamp $@

$(CONSOLE): $(WEB) deploy/console.py | $(VENV)/.run-stamp
	@$(BIN)/python deploy/console.py
