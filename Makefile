# A fresh machine needs two commands: `make quickstart` and `make test`. Each works alone.

PYTHON ?= python3
UV := $(shell command -v uv 2>/dev/null || echo .tools/bin/uv)
RUN := $(UV) run --frozen

# Behind a company's proxy the system's certificates are the right ones.
export UV_SYSTEM_CERTS := 1

.PHONY: quickstart test lint audit check examples docs sbom packages clean

quickstart: .venv/.ready  ## Measure this machine, recommend, compare with owning, write the report
	$(RUN) benchbench quickstart

test: .venv/.ready packages  ## Every test this machine can run
	$(RUN) pytest

lint: .venv/.ready  ## Style, types, layers
	$(RUN) ruff format --check .
	$(RUN) ruff check .
	$(RUN) mypy
	$(RUN) lint-imports

audit: .venv/.ready  ## Known holes in what we depend on, where the advisories can be reached
	$(RUN) python scripts/audit.py

check: lint audit test  ## What CI runs

.venv/.ready: pyproject.toml uv.lock | $(UV)
	$(UV) sync --frozen
	@touch $@

EXAMPLE := reports/examples/quickstart
EXAMPLE_DATE := 2026-11-25

examples: .venv/.ready packages  ## Write the committed sample reports anew, and a picture
	$(RUN) python scripts/scenario_reports.py
	$(RUN) benchbench report --results $(EXAMPLE) --date $(EXAMPLE_DATE) --out $(EXAMPLE)/report.html
	chromium --headless --no-sandbox --disable-gpu --hide-scrollbars --window-size=1280,900 \
	  --screenshot=$(EXAMPLE)/report.png $(EXAMPLE)/report.html

# uv from PyPI, into a folder of its own: Debian's Python is externally managed.
.tools/bin/uv:
	$(PYTHON) -m venv .tools
	.tools/bin/pip install --quiet --disable-pip-version-check uv

ifneq ($(UV),.tools/bin/uv)
$(UV): ;
endif

# The tests look at the report in Debian's chromium, and let system calls fail with strace.
packages:
	@command -v chromium >/dev/null && command -v strace >/dev/null && exit 0; \
	if [ "$$(id -u)" = 0 ]; then SUDO=; else SUDO="sudo -n"; fi; \
	{ $$SUDO apt-get update -qq && \
	  $$SUDO apt-get install -y -qq --no-install-recommends chromium fonts-dejavu-core strace; } \
	  >/dev/null || echo "no right to install chromium and strace: tests that need them will be skipped"

sbom: .venv/.ready  ## What an installation brings, as CycloneDX, in dist/
	@mkdir -p dist
	$(UV) export --frozen --no-dev --format cyclonedx1.5 --output-file dist/benchbench.cdx.json --quiet

docs: .venv/.ready  ## The documentation as a site, in site/
	$(RUN) mkdocs build --strict

clean:
	rm -rf .venv .tools dist .mypy_cache .ruff_cache .pytest_cache .hypothesis
