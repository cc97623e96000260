# The commands of the project. They need Python 3.11 or later, make, and nothing else.
#   make demo    a street of invented people at http://127.0.0.1:8000
#   make test    every test; ARGS="-k dues" for some
#   make check   style, layers, templates, migrations, deployment
#   make bench   how long a round of 5,000 members takes, and the pages that are open most
#   make handbook  the pictures of the handbook and the README anew; ARGS="ledger-360" for some
#   make lock    requirements*.txt anew from pyproject.toml
#   make clean   remove what was built; data stay

PYTHON ?= python3
VENV ?= .venv
PORT ?= 8000
WORKERS ?= 2
DATA_DIR ?= var
BIN := $(VENV)/bin
MANAGE := $(BIN)/python manage.py

NOT_INSTALLED = { echo "软件包没有装好。请看上面的英文提示:多半是连不上网络。联网以后再运行一次同样的命令,会接着装。"; exit 1; }

.PHONY: demo test check handbook bench lock clean

demo: $(VENV)/run.stamp $(DATA_DIR)/static.stamp
	@$(BIN)/python -c 'import socket, sys; s = socket.socket(); s.settimeout(2); \
		sys.exit("端口 $(PORT) 已有程序在用。请先停掉它,或换一个端口:make demo PORT=8001" \
		if not s.connect_ex(("127.0.0.1", $(PORT))) else 0)'
	@$(MANAGE) migrate --verbosity 0
	@$(MANAGE) load_demo
	@echo
	@echo "  打开 http://127.0.0.1:$(PORT) ,按 Ctrl+C 停止。数据保留,下次接着用。"
	@echo
	@exec env -u REDIS_URL EMBEDDED_WORKER=on $(BIN)/python -m granian --interface wsgi --workers 1 \
		--workers-kill-timeout 3 --blocking-threads 4 --no-access-log --log-level warning \
		--host 127.0.0.1 --port $(PORT) config.wsgi:application

test: $(VENV)/dev.stamp
	@$(BIN)/python -m pytest --numprocesses $(WORKERS) --dist loadfile --no-loadscope-reorder $(ARGS)

check: $(VENV)/dev.stamp
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/lint-imports --no-cache
	@$(BIN)/djlint --lint --quiet templates
	@$(MANAGE) makemigrations --check --dry-run --verbosity 1
	@TLS=on $(MANAGE) check --deploy --fail-level WARNING

handbook: $(VENV)/dev.stamp
	@$(BIN)/python -m docs.handbook.make $(ARGS)

bench: $(VENV)/dev.stamp
	@$(BIN)/python -m bench.run

lock: $(VENV)/dev.stamp
	@$(BIN)/python -m pip install -qq --disable-pip-version-check uv
	@$(BIN)/uv pip compile --quiet --generate-hashes --universal --python-version 3.11 --no-emit-index-url \
		--custom-compile-command "make lock" pyproject.toml --output-file requirements.txt
	@$(BIN)/uv pip compile --quiet --generate-hashes --universal --python-version 3.11 --no-emit-index-url \
		--custom-compile-command "make lock" --extra dev --constraint requirements.txt \
		pyproject.toml --output-file requirements-dev.txt

clean:
	@rm -rf $(VENV) $(DATA_DIR)/static $(DATA_DIR)/static.stamp .pytest_cache .ruff_cache .import_linter_cache .hypothesis test-results
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
	@echo "已清理。$(DATA_DIR)/ 里的数据和密钥没有动;不再需要时请自行删除。"

# Collected and compressed anew when a file changes.
$(DATA_DIR)/static.stamp: $(VENV)/run.stamp $(shell find static -type f)
	@$(MANAGE) collectstatic --noinput --verbosity 0
	@touch $@

# What a venv was last filled from; filled again only when the list changes.
$(VENV)/run.stamp: requirements.txt | $(BIN)/python
	@echo "正在安装运行所需的软件包,第一次约需一分钟……"
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --require-hashes -r requirements.txt || $(NOT_INSTALLED)
	@touch $@

$(VENV)/dev.stamp: requirements-dev.txt | $(BIN)/python
	@echo "正在安装开发所需的软件包,第一次约需一分钟……"
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --require-hashes -r requirements-dev.txt || $(NOT_INSTALLED)
	@touch $@

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "需要 Python 3.11 或更高版本;可以写 make demo PYTHON=python3.11")'
	@$(PYTHON) -m venv $(VENV)
