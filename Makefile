# Everything runs from .venv, which is rebuilt whenever requirements.lock changes.

PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin
INSTALLED := .venv/installed.lock
ENGINES := .venv-engines
SEED ?= 1
UPGRADE ?= --upgrade
TESTS ?= tests
# Each process has servers of its own, up to the whole product: four at most. A file's tests share servers, so they
# stay in one process. Files begin in their order, in which the quick unit tests are last. A process that crashes
# ends the run: another would begin its file anew, and crash too.
SIDE_BY_SIDE := -n logical --maxprocesses 4 --dist loadfile --no-loadscope-reorder --max-worker-restart 0

.DEFAULT_GOAL := help
.PHONY: help run test coverage settings screenshots test-engines chaos chaos-mutants soak fuzz bench accuracy check lock clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: $(INSTALLED) ## Start the whole product; Ctrl-C stops it
	@exec $(BIN)/python -m local

test: $(INSTALLED) ## Run the tests against throwaway servers, on up to four cores; TESTS= says which
	$(BIN)/pytest $(SIDE_BY_SIDE) $(TESTS)

# What failed is shown by pytest, and by the status; what was covered is worth seeing all the same.
coverage: $(INSTALLED) ## Count the branches that the tests take and show those they do not; TESTS= says which
	@rm -rf .coverage
	$(BIN)/coverage run -m pytest $(SIDE_BY_SIDE) $(TESTS); status=$$?; \
	$(BIN)/coverage combine --quiet && $(BIN)/coverage report && exit $$status

test-engines: $(ENGINES)/installed.lock ## Run the neural voice's code on random models, in their own environment
	$(ENGINES)/bin/pytest --confcutdir tests/neural --timeout 900 tests/neural tests/engines/test_neural.py tests/unit/test_whisper_choice.py

chaos: $(INSTALLED) ## Kill and stop parts of the running product and check the outcome; SEED=1 picks the plan
	$(BIN)/python -m tests.chaos --seed $(SEED)

soak: $(INSTALLED) ## Let 20 clients follow 20 jobs a minute for 10 minutes while API processes are restarted
	$(BIN)/python -m tests.chaos.soak

chaos-mutants: $(INSTALLED) ## Plant defects and check that the chaos run finds them
	$(BIN)/python -m tests.chaos.mutants --seed $(SEED)

fuzz: $(INSTALLED) ## Test the API against its OpenAPI document with Schemathesis; SEED=1 picks the requests, ACCESS=keys asks with a key
	$(BIN)/python -m tests.fuzz --seed $(SEED) --access $(or $(ACCESS),open)

bench: $(INSTALLED) ## Measure speed and memory, beside their floors and goals
	$(BIN)/python -m benchmarks

accuracy: $(INSTALLED) ## Measure what is heard, and corrections of words that were never said; SEED=1 picks the sentences
	$(BIN)/python -m benchmarks.accuracy --seed $(SEED)

check: $(INSTALLED) ## Check format, lint, types and layers
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# Keep extras in the pins: if a package asks for another with an extra, pip takes its newest version unless the pin names the extra.
LOCK = "$$tools/bin/uv" pip compile pyproject.toml --python-version 3.11 \
	--no-strip-extras --generate-hashes --no-emit-index-url --no-header --quiet
# Each image installs a part of it, from a lock of its own. Only the GPU worker's libraries conflict with the
# rest; for them the versions in requirements.lock are preferences.
PART = $(LOCK) --universal --constraint requirements.lock --no-annotate

settings: $(INSTALLED) ## Write docs/settings.md from the settings classes
	$(BIN)/python -m local.settings_page

screenshots: $(INSTALLED) ## Take the pictures of the practice page in docs/practice
	$(BIN)/python -m tests.screenshots

lock: ## Pin the newest versions that pyproject.toml allows; UPGRADE= keeps those that still fit
	@tools=$$(mktemp -d) && trap 'rm -rf "$$tools"' EXIT && \
	$(PYTHON) -m venv "$$tools" && "$$tools/bin/pip" install --quiet uv && \
	$(LOCK) --universal $(UPGRADE) --output-file requirements.lock \
		--extra api --extra light --extra speech --extra gemini --extra traces --extra local --extra dev && \
	$(PART) --output-file docker/api.lock --extra api --extra traces && \
	$(PART) --output-file docker/worker.lock --extra light --extra speech --extra gemini --extra traces --extra dashboard && \
	cp requirements.lock docker/worker-gpu.lock && \
	$(LOCK) --python-platform x86_64-manylinux_2_28 --no-annotate --output-file docker/worker-gpu.lock --extra gpu --extra speech --extra traces && \
	"$$tools/bin/uv" pip compile pyproject.toml tests/neural/requirements.in $(UPGRADE) \
		--extra gpu --extra speech --overrides tests/neural/overrides.txt \
		--python-platform linux --python-version 3.11 --no-emit-index-url --no-header --no-annotate \
		--quiet --output-file tests/neural/requirements.lock

clean: ## Remove .venv and caches, but not data/
	rm -rf .venv $(ENGINES) .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .coverage
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# The stamp is written last; an environment without it is rebuilt, so a partial installation is never used.
$(INSTALLED): requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' || \
		{ echo "Python 3.11 is needed: make PYTHON=/path/to/python3.11 $(MAKECMDGOALS)" >&2; exit 1; }
	@rm -f $@
	$(PYTHON) -m venv --clear .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@cp requirements.lock $@

# Pinned, not hashed: torch's wheel depends on the index. torchaudio's compiled parts are built for another
# torch; only its Python code is used.
$(ENGINES)/installed.lock: tests/neural/requirements.lock
	@rm -f $@
	$(PYTHON) -m venv --clear $(ENGINES)
	$(ENGINES)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps -r tests/neural/requirements.lock
	rm -f $(ENGINES)/lib/python3.11/site-packages/torchaudio/lib/*.so
	@cp tests/neural/requirements.lock $@
