# jakinib: `make` lists the targets. Each creates .venv and installs what it needs; no active environment is used.
# Another interpreter: make setup PYTHON=python3.12

.DEFAULT_GOAL := help
.PHONY: help setup demo test tests lint bench docs interop build-models book lock clean
unexport PYTHONHOME PYTHONPATH VIRTUAL_ENV
unexport PYTHONDONTWRITEBYTECODE # dozens of processes are started, each of which would compile all that it imports

BIN := .venv/bin
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile --constraint requirements.lock
# What pip leaves out there, on all processors. A few files of packages are templates, which do not compile.
COMPILE := $(BIN)/python -m compileall -q -j 0 .venv/lib >/dev/null 2>&1 || true

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-13s %s\n", $$1, $$2 }' Makefile

setup: .venv/.everything ## create .venv with all pinned dependencies, those of tests and docs too

demo: .venv/.runtime ## run every evaluation plan and write the report; installs what that needs and no more
	$(BIN)/jakinib evaluate --exit-zero

test: setup ## lint, check that the committed SBML is current, run all tests
	@$(MAKE) --no-print-directory --jobs 2 lint tests

tests: setup # beside the types, which keep one processor busy; a test runs build --check
	$(BIN)/python -m pytest -n 2 --dist worksteal

lint: setup ## check style and types
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

bench: setup ## measure speed and memory beside goals and other engines (AMICI where interop was made), some ten minutes
	JAKINIB_INTEROP=.venv-interop/bin/python $(BIN)/python benchmarks

docs: setup ## build the documentation site, tutorials executed, into docs/_build
	$(BIN)/python -m sphinx -W --keep-going -q -b html docs docs/_build

interop: setup ## compare with simulators that need a compiler or another environment; writes docs/reference/interop.md
	test -d .venv-interop || $(BIN)/python -m venv .venv-interop
	.venv-interop/bin/python -m pip install --quiet --disable-pip-version-check swig pysces sbmltoodejax
	PATH=$$PWD/.venv-interop/bin:$$PATH .venv-interop/bin/python -m pip install --quiet --disable-pip-version-check amici
	JAKINIB_INTEROP=.venv-interop/bin/python $(BIN)/python tests/interop/matrix.py

build-models: setup ## rebuild models/sbml from Antimony and library
	$(BIN)/jakinib build

book: setup ## rewrite the model book, the numbers in the documents and the pictures of the README
	$(BIN)/python -m jakinib.report.book docs/models
	$(BIN)/python -m jakinib.report.numbers README.md docs/index.md docs/science.md docs/context_of_use.md docs/tutorials/*.md
	$(BIN)/python docs/images/draw.py

lock: setup ## resolve requirements.lock anew, for Python 3.11 to 3.14
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	$(BIN)/uv pip compile pyproject.toml --extra dev --universal --python-version 3.11 --upgrade \
	  --fork-strategy requires-python --no-annotate --no-header --quiet --output-file requirements.lock

clean: ## remove .venv, reports, caches and built distributions
	rm -rf .venv report build dist docs/_build docs/jupyter_execute docs/reference/data_book.md docs/reference/credibility.md docs/_static/explore.html .hypothesis .mypy_cache .pytest_cache .ruff_cache
	find benchmarks docs src tests -name __pycache__ -prune -exec rm -rf {} + 2>/dev/null || true

INPUTS := pyproject.toml requirements.lock hatch_build.py $(wildcard src/jakinib/lanes/*.[ch])

.venv/.runtime: $(INPUTS)
	@$(made)
	@echo "Installing jakinib and what it runs on into .venv (650 MB, about a minute the first time)"
	@$(INSTALL) --editable .
	@$(COMPILE)
	@touch $@

.venv/.everything: $(INPUTS)
	@$(made)
	@echo "Installing jakinib and what its tests and docs need into .venv (1.5 GB, about a minute the first time)"
	@$(INSTALL) --editable '.[dev]'
	@$(COMPILE)
	@touch .venv/.runtime $@

# Makes .venv where there is none.
made = $(BIN)/python -m pip --version >/dev/null 2>&1 || { $(find_python); echo "Creating .venv with $$python"; "$$python" -m venv --clear .venv; }

# Sets $python to the first interpreter that can make the environment, or says in one line what to install, and stops.
define find_python
python= found= bare=; \
for candidate in $(if $(PYTHON),"$(PYTHON)",python3.13 python3.12 python3.11 python3); do \
  version=`"$$candidate" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null` || continue; \
  found=$${found:-$$version}; \
  case $$version in 3.11|3.12|3.13|3.14) ;; *) continue ;; esac; \
  if "$$candidate" -c 'import ensurepip, venv' 2>/dev/null; then python=$$candidate; break; fi; \
  bare=$${bare:-$$version}; \
done; \
if [ -z "$$python" ]; then \
  if [ -n "$$bare" ]; then problem="Python $$bare lacks its venv module" package=python$$bare-venv; \
  elif [ -n "$$found" ]; then problem="jakinib needs Python 3.11 to 3.14, found $$found" package=python3.11-venv; \
  else problem="jakinib needs Python 3.11 to 3.14, found none" package=python3-venv; fi; \
  case `uname -s` in Darwin) install="brew install python@3.12" ;; *) install="sudo apt-get install $$package" ;; esac; \
  echo "$$problem. Install it with: $$install" >&2; exit 1; \
fi
endef
