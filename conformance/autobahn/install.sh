#!/bin/sh
# Installs autobahntestsuite into a folder of its own: install.sh FOLDER PYTHON3 [PYTHON2.7]
#
# It runs on Python 2.7 alone. Where there is none, root on Debian gets that of Debian 11, unpacked
# into the folder; nothing of the system changes. What cannot be had is told, and is no failure:
# the suite is then skipped.
set -eu
folder=$1 python3=$2 python27=${3:-$(command -v python2.7 || true)}
release=bullseye
here=$(cd "$(dirname "$0")" && pwd)
rm -rf "$folder" && mkdir -p "$folder/bin" && folder=$(cd "$folder" && pwd)

give_up() {
  rm -rf "$folder/bin"
  echo "autobahntestsuite could not be installed ($1); its cases will be skipped"
  exit 0
}

unpack_python27() {
  apt=$folder/apt packages="python2.7 python2.7-minimal libpython2.7-minimal libpython2.7-stdlib
    libssl1.1 libffi7 libncursesw6 libreadline8"
  archive=$(apt-get indextargets --format '$(REPO_URI) $(RELEASE) $(ORIGIN) $(COMPONENT)' \
    'Created-By: Packages' | awk '$3 == "Debian" && $4 == "main" && $2 !~ /-/ { print $1; exit }')
  [ -n "$archive" ] || return 1
  mkdir -p "$apt/lists/partial" "$apt/cache/archives/partial" "$folder/root"
  keys=/usr/share/keyrings/debian-archive-keyring.gpg
  echo "deb [signed-by=$keys] $archive $release main" > "$apt/sources.list"
  : > "$apt/status"
  options="-qq -o APT::Sandbox::User=root -o Dir::Etc::sourcelist=$apt/sources.list
    -o Dir::Etc::sourceparts=- -o Dir::State::lists=$apt/lists -o Dir::Cache=$apt/cache
    -o Dir::State::status=$apt/status"
  # shellcheck disable=SC2086 # they are lists of words
  (apt-get $options update && cd "$apt" && apt-get $options download $packages) || return 1
  for package in "$apt"/*.deb; do dpkg -x "$package" "$folder/root"; done
  rm -rf "$apt"
  python27=$folder/root/usr/bin/python2.7
  libraries=$(dirname "$(find "$folder/root/usr/lib" -name 'libssl.so.1.1' | head -n 1)")
  export LD_LIBRARY_PATH="$libraries" PYTHONHOME="$folder/root/usr"
}

if [ -z "$python27" ] || ! "$python27" -c "" 2> /dev/null; then
  [ -z "${3:-}" ] || give_up "$3 does not run"
  { [ "$(id -u)" = 0 ] && [ -e /etc/debian_version ]; } || give_up "there is no python2.7"
  unpack_python27 > "$folder/log" 2>&1 || give_up "there is no python2.7, and Debian's cannot be had"
fi
LD_LIBRARY_PATH='' PYTHONHOME='' "$python3" -m pip download -q --no-deps --dest "$folder" \
  pip==20.3.4 > "$folder/log" 2>&1 || give_up "pip for Python 2.7 cannot be had"
# Twisted comes first, since autobahn has a plug-in for it that lies in the same folder.
for list in twisted autobahn; do
  [ $list = twisted ] && dependencies= || dependencies=--no-deps
  # shellcheck disable=SC2086 # nothing, or an option
  PYTHONPATH="$folder/site:$folder/pip-20.3.4-py2.py3-none-any.whl" "$python27" -m pip install -q \
    --disable-pip-version-check --no-build-isolation $dependencies --target "$folder/$list" \
    --requirement "$here/$list.txt" > "$folder/log" 2>&1 || give_up "see $folder/log"
  mkdir -p "$folder/site" && cp -rn "$folder/$list/." "$folder/site/" && rm -rf "${folder:?}/$list"
done
touch "$folder/site/zope/__init__.py"
cat > "$folder/bin/wstest" <<END
#!/bin/sh
${PYTHONHOME:+export LD_LIBRARY_PATH="$LD_LIBRARY_PATH" PYTHONHOME="$PYTHONHOME"}
PYTHONPATH="$folder/site" exec "$python27" -W ignore -c \\
  'from autobahntestsuite.wstest import run; run()' "\$@"
END
chmod +x "$folder/bin/wstest"
"$folder/bin/wstest" --autobahnversion > "$folder/log" 2>&1 || give_up "see $folder/log"
