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
    need python3 "install Python 3.11 or newer"
    local home
    home="$tools/lint-$(cksum <.ci/tools/requirements.txt | tr ' ' -)"
    if [[ ! -e "$home/complete" ]]; then
        rm -rf "$home"
        python3 -m venv "$home"
        retry "$home/bin/pip" install --quiet --disable-pip-version-check --requirement .ci/tools/requirements.txt
        touch "$home/complete"
    fi
    export PATH="$home/bin:$PATH"
}

# Puts a program that is written in Go on the path: `go_tool actionlint 1.7.12 github.com/rhysd/actionlint/cmd/actionlint`.
go_tool() {
    local program=$1 version=$2 module=$3 home="$tools/$1-$2"
    if [[ ! -x "$home/$program" ]]; then
        need go "install Go 1.24 or newer"
        GOBIN="$home" GOFLAGS=-mod=mod retry go install "$module@v$version"
    fi
    export PATH="$home:$PATH"
}

# Installs npm's packages into a folder of their own, and tells it in `packages`: `npm_packages typescript@5.9.3`.
npm_packages() {
    need npm "install Node.js 20 or newer"
    packages="$tools/npm-$(cksum <<<"$*" | tr ' ' -)"
    if [[ ! -e "$packages/complete" ]]; then
        rm -rf "$packages"
        mkdir -p "$packages"
        # Without a manifest of its own npm would look for one in the folders above.
        echo '{ "private": true }' >"$packages/package.json"
        retry npm install --prefix "$packages" --silent --no-audit --no-fund --ignore-scripts "$@"
        touch "$packages/complete"
    fi
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
