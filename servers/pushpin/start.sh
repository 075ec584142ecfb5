#!/bin/sh
# start.sh PYTHON FOLDER PORT PORT: the application, and Pushpin before it with the configuration in FOLDER.
PUSHPIN="http://127.0.0.1:$4/publish/" "$1" -m uvicorn --app-dir "$(dirname "$0")" --port "$3" \
  --no-access-log --log-level warning origin:app &
exec pushpin -m --config "$2/pushpin.conf"
