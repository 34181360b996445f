# SPDX-License-Identifier: GPL-2.0-or-later
# Everything runs in .venv, which the first call makes from constraints.txt.

PYTHON ?= python3
ARGS ?=
MODELS ?=
VENV_PYTHON := .venv/bin/python
BENCHMARKS := prepare work_precision neuron_cost network delivery learning flags nestml_models $(if $(shell command -v perf),hot_spots) targets overview
MPI_BENCHMARKS := memory scaling plan
MPI_NEST := PYTHON="$(PYTHON)" FULL="$(FULL)" cluster/build_mpi_nest.sh

.PHONY: help figure2 build test test-slow test-nestml-models test-brian2-examples test-nest-suite
.PHONY: test-newest mpi test-mpi print-mpi-python bench bench-mpi docs wheel
.PHONY: constraints lint clean

help: ## list these targets
	@sed -n 's/^\([a-z0-9-]*\):[^#]*## \(.*\)/make \1\t\2/p' Makefile | expand -t 28

figure2: build ## draw figure 2 of Izhikevich (2003): output/figure2.png and output/figure2.json
	@$(VENV_PYTHON) -m pynest_scripts.figure2 $(ARGS)

build: .venv/ready ## compile the models and install them into the NEST of .venv
	@$(VENV_PYTHON) build_module.py

# The build takes what has not changed from a cache; so with MODELS, all this takes seconds.
test: build ## run the tests except the slow ones (minutes); MODELS=models/x.nestml: those of one model
	@$(VENV_PYTHON) -m $(if $(MODELS),tests.one_model $(MODELS),pytest -m "not slow") $(ARGS)

test-slow: build ## run the slow tests
	@$(VENV_PYTHON) -m pytest -m slow --ignore=tests/nestml_models $(ARGS)

test-nestml-models: build ## build NESTML's own models, and compare pooled with stock code (10 minutes)
	@$(VENV_PYTHON) -m pytest tests/nestml_models $(ARGS)

# They come with Brian2's source distribution, which pip downloads once, into a cache outside the clone.
test-brian2-examples: build ## import all examples of Brian2 itself, and compare some in both simulators (10 minutes)
	@$(VENV_PYTHON) -m pytest tests/brian2_import/check_brian2_examples.py $(ARGS)

test-nest-suite: build ## run NEST's own generic tests on our models (minutes; downloads them once)
	@$(VENV_PYTHON) -m tests.nest_suite $(ARGS)

# Not part of CI: a release of somebody else must not stop us. NEST and NESTML stay, see pyproject.toml.
test-newest: ## run the quick tests with the newest releases of what pyproject.toml allows, in .venv-newest
	@"$(PYTHON)" -m venv --clear .venv-newest
	@.venv-newest/bin/python -m pip --disable-pip-version-check install -q -e ".[test,docs]"
	@.venv-newest/bin/python build_module.py
	@.venv-newest/bin/python -m pytest -m "not slow" $(ARGS)

# Not .venv: the wheel from PyPI in it has no MPI. FULL=1 compiles all of NEST's models.
mpi: ## build a NEST with MPI into a cache outside the clone, with the models
	@$(MPI_NEST)
	@"$$($(MPI_NEST) --print-python)" build_module.py

test-mpi: mpi ## run the tests under mpirun
	@"$$($(MPI_NEST) --print-python)" -m pytest tests/mpi $(ARGS)

print-mpi-python: ## print the interpreter that has the NEST with MPI
	@$(MPI_NEST) --print-python

# To go on after an interruption: make bench BENCHMARKS="network flags targets". The targets for memory read what
# bench-mpi has measured.
bench: build ## measure speed and accuracy beside the peers (20 minutes; needs libgsl-dev)
	@for name in $(BENCHMARKS); do $(VENV_PYTHON) -m benchmarks.$$name $(ARGS) || exit 1; done

bench-mpi: mpi ## measure memory and scaling over MPI, and plan large networks (5 minutes)
	@python="$$($(MPI_NEST) --print-python)"; \
	for name in $(MPI_BENCHMARKS); do "$$python" -m benchmarks.$$name $(ARGS) || exit 1; done

docs: build ## build the documentation site: docs/_build/html/index.html
	@$(VENV_PYTHON) -m sphinx -W --keep-going -q docs docs/_build/html
	@PYTHONPATH=docs $(VENV_PYTHON) -m izhisyn_docs.check_site docs/_build/html

# Compiled for any processor of this platform; auditwheel names the oldest system on which it runs.
wheel: .venv/ready ## make the source distribution and the wheel with the compiled models: dist/
	@rm -rf dist build/wheel
	@$(VENV_PYTHON) build_module.py --march none --install-dir build/prebuilt
	@IZHISYN_PREBUILT="$(CURDIR)/build/prebuilt" $(VENV_PYTHON) -m build --outdir build/wheel .
	@PATH="$(CURDIR)/.venv/bin:$$PATH" $(VENV_PYTHON) -m auditwheel repair --wheel-dir dist build/wheel/*.whl
	@mv build/wheel/*.tar.gz dist

constraints: ## renew constraints.txt from pyproject.toml (needs uv)
	@{ head -n 1 constraints.txt; uv pip compile -q --universal --python-version 3.11 --generate-hashes \
	    --no-annotate --no-header --upgrade --extra test --extra docs pyproject.toml; } >constraints.txt.new
	@mv constraints.txt.new constraints.txt

lint: .venv/ready ## check style and format
	@$(VENV_PYTHON) -m ruff check .
	@$(VENV_PYTHON) -m ruff format --check .

clean: ## remove .venv with the module in it, and everything that was written
	rm -rf .venv .venv-newest build dist output *.egg-info .pytest_cache .ruff_cache docs/_build docs/index.md
	rm -rf docs/api docs/gallery docs/models docs/notebooks docs/reference
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# The checks come first: a download of minutes should not end with a missing compiler.
.venv/ready: constraints.txt pyproject.toml
	@fail() { echo "make: $$1" >&2; exit 1; }; \
	command -v "$(PYTHON)" >/dev/null || \
	    fail "there is no $(PYTHON); install Python 3.11 or newer, or name one: make PYTHON=/path/to/python3"; \
	"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	    fail "$(PYTHON) is $$("$(PYTHON)" -V 2>&1), too old; install Python 3.11 or newer and name it: make PYTHON=/path/to/python3"; \
	"$(PYTHON)" -c 'import ensurepip, venv' 2>/dev/null || \
	    fail "$(PYTHON) has no venv module; install it (apt install python3-venv)"; \
	command -v "$${CXX:-g++}" >/dev/null || command -v c++ >/dev/null || command -v clang++ >/dev/null || \
	    fail "there is no C++ compiler; install one (apt install g++), or set CXX"; \
	echo "setting up .venv: downloads NEST, NESTML and their like, a few minutes"; \
	"$(PYTHON)" -m venv --clear .venv || fail "cannot make .venv; see the lines above"; \
	pip="$(VENV_PYTHON) -m pip --disable-pip-version-check install"; \
	{ $$pip --require-hashes -r constraints.txt && $$pip --no-deps --no-build-isolation -e .; } \
	    >.venv/pip.log 2>&1 || { \
	    tail -n 5 .venv/pip.log >&2; \
	    fail "pip could not install what constraints.txt pins; check the network and read .venv/pip.log"; }; \
	touch $@
