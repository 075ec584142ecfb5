#!/bin/sh
# Daphne with a Redis of its own, which ends with it: start.sh [PORT [REDIS_PORT [PYTHON]]]
set -eu
port=${1:-8000} redis_port=${2:-6400} python=${3:-python3}
cd "$(dirname "$0")"
redis-server --bind 127.0.0.1 --port "$redis_port" --save "" --appendonly no \
  --loglevel warning --dir "${TMPDIR:-/tmp}" &
redis=$!
stop() {
  trap - EXIT INT TERM HUP
  kill "$redis" ${daphne:+"$daphne"} 2>/dev/null || true
  wait
}
trap stop EXIT INT TERM HUP
REDIS_URL="redis://127.0.0.1:$redis_port" DJANGO_SETTINGS_MODULE=rooms.settings \
  "$python" -m daphne -b 127.0.0.1 -p "$port" -v 0 rooms.asgi:application &
daphne=$!
wait "$daphne"
