#!/bin/sh
# start.sh PYTHON FOLDER PORT PORT: the application, and Pushpin before it as FOLDER configures it.
PUSHPIN="http://127.0.0.1:$4/publish/" "$1" -m uvicorn --app-dir "$(dirname "$0")" --port "$3" \
  --no-access-log --log-level warning origin:app &
origin=$!
pushpin -m --config "$2/pushpin.conf" &
pushpin=$!
trap : INT TERM
wait "$pushpin" # for its end, or for a signal to end it
kill "$origin" "$pushpin" 2>/dev/null
wait
