# make demo: set everything up, then the main job on the built-in data, and a video of model and simulator side by side.
#   make test: all checks.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALL := $(BIN)/python -m pip --disable-pip-version-check install -q -c constraints.txt

IN_PARALLEL := -n auto --dist loadfile --no-loadscope-reorder --max-worker-restart 0

.PHONY: demo test check benchmark gpu attack fuzz tables notebooks rooms clean

demo: $(VENV)/demo.stamp
	rm -rf runs/demo
	for model in vidm control:real control:static control:blurred control:noise; do \
		$(BIN)/vidmbench run --model $$model --dataset clevrer-mini/32 --frames 16 --num-videos 64 --out runs/demo || exit; \
	done
	$(BIN)/vidmbench results list --runs runs/demo --own
	$(BIN)/vidmbench plot samples simulator=dataset:clevrer-mini@test/64 VIDM=vidm:vidm-clevrer-mini-64 \
		--videos 0,1,2 --frames 24 --out runs/demo/side-by-side.mp4

# One process a core, each with one thread. Nothing here depends on how fast the machine is: see make benchmark.
# Whole commands have processes of their own: those of a single run had grown to 7 GB when they came.
# A process that dies ends the run at once: pytest-xdist replaces it but then waits forever for tests it lost.
# Python keeps compiled modules even where PYTHONDONTWRITEBYTECODE is set (as in images for containers): tests/cli starts
# hundreds of processes, and each would compile the package again.
test: export PYTHONDONTWRITEBYTECODE =
test: export OMP_NUM_THREADS = 1
test: $(VENV)/test.stamp
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/lint-imports
	$(BIN)/mypy
	$(BIN)/python -m pytest $(IN_PARALLEL) --ignore tests/benchmarks --ignore tests/cli
	$(BIN)/python -m pytest $(IN_PARALLEL) tests/cli

# Has any number moved, and in which stage? In a hurry: make check CHECK='--weights without'
check: $(VENV)/demo.stamp
	$(BIN)/vidmbench check $(CHECK)

# How much faster things are than their plain counterparts, alone on a quiet machine.
benchmark: $(VENV)/test.stamp
	$(BIN)/python -m pytest tests/benchmarks

# What one GPU gives, in under eight minutes, without network: make gpu GPU='--name h100'. By the Python of .venv where
# there is one, else by $(PYTHON): nothing is installed.
gpu:
	PYTHONPATH=.:tests $(or $(wildcard $(BIN)/python),$(PYTHON)) -m gpu $(GPU)

# Changed files of every kind for ten minutes, with a new seed each time: make fuzz FUZZ_SECONDS=60 FUZZ_SEED=3
fuzz: $(VENV)/test.stamp
	PYTHONPATH=tests $(BIN)/python -m fuzz --seconds $(or $(FUZZ_SECONDS),600) --seed $(or $(FUZZ_SEED),$(shell date +%s))

# Kills, several processes, full disks, damaged and hostile files, fuzzing: 15 minutes; the last line counts.
attack: $(VENV)/test.stamp
	PYTHONPATH=tests $(BIN)/python -m attack $(ATTACK)

tables: $(VENV)/demo.stamp
	$(BIN)/python -m vidmbench.reporting.tables.build

# Notebooks as they are committed: without outputs.
notebooks: $(VENV)/demo.stamp
	$(BIN)/python tests/notebooks/stored.py

# The list of rooms and files in docs/architecture.md, after a file was added or moved.
rooms:
	$(PYTHON) tests/support/architecture.py --write

# torch comes first and pinned: otherwise pip would take the newest CUDA build.
$(VENV)/torch.stamp: constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(INSTALL) torch
	touch $@

$(VENV)/demo.stamp: pyproject.toml $(VENV)/torch.stamp
	$(INSTALL) -e '.[cpu]'
	touch $@

$(VENV)/test.stamp: pyproject.toml $(VENV)/torch.stamp
	$(INSTALL) -e '.[cpu,motion,vmaf,dev]'
	touch $@

clean:
	rm -rf $(VENV) runs build dist
