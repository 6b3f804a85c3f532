# The commands of everyday work; CONTRIBUTING.md says how .venv is made. `check` changes nothing and is what CI runs.
BIN := .venv/bin
UV := $(firstword $(wildcard $(BIN)/uv) uv)

.PHONY: check lint test fix bench golden nightly

check: lint test

lint:
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/pytest -q tests/unit/test_file_length.py
	$(UV) lock --check

test:
	$(BIN)/pytest

fix:
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# Figures for benchmarks/RESULTS.md: speed of whole pages, and accuracy on real forms (needs HCR_SCAN_SHARED).
bench:
	$(BIN)/python benchmarks/pages.py
	$(BIN)/python benchmarks/forms.py
	$(BIN)/python benchmarks/layouts.py
	$(BIN)/python benchmarks/templates.py
	$(BIN)/python benchmarks/filled_forms.py

# Write down anew what the examples are expected to give; look at the difference before you commit it.
golden:
	$(BIN)/pytest -q tests/golden --update-golden --ignore tests/golden/test_golden_flag.py

# Everything, also what takes minutes: real forms, training, hostile files, and files damaged at random.
nightly:
	$(BIN)/pytest -m "slow or train"
	$(BIN)/python benchmarks/fuzz.py --images 20000 --pdfs 5000
