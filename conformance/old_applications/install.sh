#!/bin/sh
# Installs what App Engine had for Python 2.7 into a folder: install.sh FOLDER PYTHON3 [PYTHON2.7]
#
# What cannot be had is told, and is no failure: the suite is then not run.
set -eu
folder=$1 python3=$2 python27=${3:-$(command -v python2.7 || true)}
here=$(cd "$(dirname "$0")" && pwd)
rm -rf "$folder" && mkdir -p "$folder"

give_up() {
  echo "the old applications' libraries could not be installed ($1); they will not be run"
  exit 0
}

[ -n "$python27" ] && "$python27" -c "" 2> /dev/null || give_up "there is no python2.7"
"$python3" -m pip download -q --no-deps --dest "$folder" pip==20.3.4 > "$folder/log" 2>&1 \
  || give_up "pip for Python 2.7 cannot be had"
PYTHONPATH="$folder/pip-20.3.4-py2.py3-none-any.whl" "$python27" -m pip install -q \
  --disable-pip-version-check --target "$folder/site" --requirement "$here/requirements.txt" \
  > "$folder/log" 2>&1 || give_up "see $folder/log"
ln -s "$(command -v "$python27")" "$folder/python2.7"
