#!/bin/sh
# The first installation on a machine, from an unpacked bundle: sudo ./setup --key KEY.pub ROLE...
# Later versions come with: sudo shopbell update BUNDLE
set -eu
version=@VERSION@ wanted=@PYTHON_VERSION@ top=/opt/shopbell key=

fail() {
    printf 'shopbell: %s\n' "$*" >&2
    exit 1
}

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd -P)
if [ "${1:-}" = --key ] && [ $# -ge 2 ]; then
    key=$2
    shift 2
fi
[ "$(id -u)" = 0 ] || fail "installing takes root: sudo ./setup --key KEY.pub ROLE..."
[ -n "$key" ] && [ -f "$key" ] || fail "say which key signs the versions of this machine: sudo ./setup --key KEY.pub ROLE..."
python=${SHOPBELL_PYTHON:-/usr/bin/python3}
found=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null) || fail "$python does not run: apt install python3"
[ "$found" = "$wanted" ] || fail "this bundle is for Python $wanted, and $python is $found. SHOPBELL_PYTHON names another."
"$python" -c 'import venv, sqlite3' 2>/dev/null || fail "$python has no venv: apt install python3"

# Without minisign the bundle is trusted as it came; every later one is checked in any case.
if command -v minisign >/dev/null; then
    minisign -Vqm "$here/manifest.json" -p "$key" >/dev/null || fail "this bundle is not signed with $key. Do not use it."
else
    printf 'shopbell: minisign is not installed, so whether this first bundle is genuine was not checked (apt install minisign)\n'
fi
"$python" - "$here" <<'CHECK' || fail "this bundle is not what was signed, or was cut off: fetch it again."
import hashlib, json, pathlib, sys
top = pathlib.Path(sys.argv[1])
for part in json.loads((top / "manifest.json").read_bytes())["files"]:
    if hashlib.sha256((top / part["path"]).read_bytes()).hexdigest() != part["sha256"]:
        sys.exit(1)
CHECK

[ ! -e "$top/setup.cfg" ] || fail "$top is a clone, and versions go there. Move it away first: sudo mv $top $top-clone"
folder=$top/versions/$version
if [ ! -e "$folder/.whole" ]; then
    printf 'shopbell: installing version %s (a minute or two, once)\n' "$version"
    rm -rf -- "$folder"
    mkdir -p -- "$top/versions"
    "$python" -m venv --without-pip "$folder"
    for pip in "$here"/wheels/pip-*.whl; do :; done
    "$folder/bin/python" "$pip/pip" --disable-pip-version-check -q install --no-index --no-deps \
        --root-user-action=ignore "$here"/wheels/*.whl || fail "the programs could not be put into $folder."
    sync
    : >"$folder/.whole"
fi
install -D -m 644 -- "$key" /etc/shopbell/update.pub
if [ ! -L "$top/current" ]; then
    ln -s "versions/$version" "$top/current"
fi
mkdir -p -- /usr/local/bin
ln -sfn "$top/current/bin/shopbell" /usr/local/bin/shopbell
exec "$top/current/bin/shopbell" install "$@"
