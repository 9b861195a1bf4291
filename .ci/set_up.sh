#!/bin/sh
# Makes the project's environment in .venv, once: a Python of 3.11 or later, the packages that constraints.txt pins, and
# the project itself, editable.  A second call finds the stamp and does nothing.  Called by make; PYTHON names the Python.
set -eu
cd "$(dirname "$0")/.."
unset PYTHONPATH PYTHONHOME PYTHONSAFEPATH || true
export PIP_USER=0 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore

# The names to try, in this order.
[ -n "${PYTHON:-}" ] && set -- "$PYTHON" || set -- python3.13 python3.12 python3.11 python3 python

environment=.venv
stamp=$environment/set-up-done
unfinished=$environment/set-up-unfinished

say() { printf 'set-up: %s\n' "$*" >&2; }

# What the stamp must hold: it goes stale when the requirements change and when the folder was copied or moved, because
# an environment knows its own place.
state() {
    cksum pyproject.toml constraints.txt
    pwd -P
}

recent_enough() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; }

# The first Python that can make an environment by itself; failing that, the first that is recent enough.
find_python() {
    found=
    for candidate in "$@"; do
        recent_enough "$candidate" || continue
        if "$candidate" -c 'import ensurepip, venv' >/dev/null 2>&1; then
            printf '%s\n' "$candidate"
            return
        fi
        found=${found:-$candidate}
    done
    printf '%s\n' "$found"
}

usable() { recent_enough "$environment/bin/python" && "$environment/bin/python" -m pip --version >/dev/null 2>&1; }

# Debian's python3 without python3-venv cannot put pip into an environment: then another pip does it from outside, or
# virtualenv where that is at hand.
make_environment() {
    rm -rf "$environment"
    "$1" -m venv "$environment" >/dev/null 2>&1 && usable && return

    rm -rf "$environment"
    if "$1" -m venv --without-pip "$environment" >/dev/null 2>&1; then
        for other in "$1" python3 python; do
            "$other" -m pip --python "$environment/bin/python" install --quiet -c constraints.txt pip >/dev/null 2>&1 &&
                usable && return
        done
    fi

    rm -rf "$environment"
    "$1" -m virtualenv --quiet "$environment" >/dev/null 2>&1 && usable && return

    rm -rf "$environment"
    virtualenv --quiet --python "$1" "$environment" >/dev/null 2>&1 && usable && return

    rm -rf "$environment"
    return 1
}

install() {
    "$environment/bin/python" -m pip install --quiet --quiet -c constraints.txt "$@" || {
        rm -f "$unfinished" # a refusal leaves the environment whole; only an interrupted call leaves it in doubt
        say "the packages could not be installed, for the reason above; with that mended, the same command goes on"
        exit 1
    }
}

if [ -e "$stamp" ] && [ "$(cat "$stamp")" = "$(state)" ] && recent_enough "$environment/bin/python"; then
    exit 0
fi

rm -f "$stamp"
if [ -e "$unfinished" ] || ! usable; then
    python=$(find_python "$@")
    if [ -z "$python" ]; then
        say "no Python of 3.11 or later found (tried: $*); install one, or name it: make PYTHON=/path/to/python3"
        exit 1
    fi
    say "making $environment with $("$python" -c 'import sys; print(sys.executable, sys.version.split()[0])')"
    if ! make_environment "$python"; then
        say "$python can make no environment: it has neither ensurepip nor a working pip; install one of them (on Debian and Ubuntu: apt install python3-venv)"
        exit 1
    fi
fi

say "installing the packages into $environment (a minute or two, this once)"
: >"$unfinished"
install pip setuptools
install --no-build-isolation --editable '.[dev]'
rm -f "$unfinished"
state >"$stamp"
say "done"
