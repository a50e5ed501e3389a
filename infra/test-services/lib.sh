# What the commands kafka and elasticsearch share. Each of them sources this file.
# shellcheck shell=bash
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cache="${XDG_CACHE_HOME:-$HOME/.cache}/flightstream/test-services"
# Of every user and every key file.
password=flight-secret
export here cache password

say() {
    echo "${0##*/}: $*" >&2
}

# Fails with a reason.
fail() {
    say "$*"
    exit 1
}

# Prints the comment at the top of the command, which is its manual.
manual() {
    sed -n '2,/^$/s/^# \{0,1\}//p' "$0"
}

# Runs a command up to four times, with growing pauses: for what asks a network.
retry() {
    local try
    for try in 1 2 3; do
        "$@" && return
        say "attempt $try failed: $*"
        sleep $((try * 5))
    done
    "$@"
}

# --- what is needed of the machine

# The homes of the JDKs that are here, best first.
jdk_homes() {
    local java
    for java in "${JAVA_HOME-}" "${JAVA_HOME_25_X64-}" "${JAVA_HOME_21_X64-}" "${JAVA_HOME_17_X64-}"; do
        [[ -z "$java" ]] || echo "$java"
    done
    if java=$(command -v java); then
        dirname "$(dirname "$(readlink -f "$java")")"
    fi
    printf '%s\n' /usr/lib/jvm/*/ /Library/Java/JavaVirtualMachines/*/Contents/Home/
}

# Sets `jdk` to the home of a JDK of at least this version, if there is one.
find_jdk() {
    local home version
    while read -r home; do
        [[ -x "$home/bin/javac" ]] || continue
        version=$("$home/bin/javac" -version 2>&1 | sed -E 's/^javac ([0-9]+).*/\1/')
        if [[ "$version" =~ ^[0-9]+$ ]] && ((version >= $1)); then
            jdk=$(cd "$home" && pwd)
            return
        fi
    done < <(jdk_homes)
    return 1
}

# Whether packages may be installed here without a question: as root on Debian and its relatives.
may_install() {
    [[ "$(id -u)" == 0 ]] && command -v apt-get >/dev/null
}

install_packages() {
    say "installing $*"
    DEBIAN_FRONTEND=noninteractive retry apt-get install -y -qq --no-install-recommends "$@" >&2
}

# Sets `jdk` to a JDK of at least this version; installs one where that is possible.
need_jdk() {
    local version
    find_jdk "$1" && return
    if may_install; then
        retry apt-get update -qq >&2
        for version in 17 21 25; do
            if ((version >= $1)) && apt-cache show "openjdk-$version-jdk-headless" >/dev/null 2>&1; then
                install_packages "openjdk-$version-jdk-headless"
                find_jdk "$1" && return
            fi
        done
    fi
    fail "there is no JDK $1 or newer, with javac: install one, or name its folder in JAVA_HOME"
}

need_maven() {
    if ! command -v mvn >/dev/null && may_install; then
        retry apt-get update -qq >&2
        install_packages maven
    fi
    command -v mvn >/dev/null || fail "there is no mvn: install Maven 3.6 or newer; only the first start needs it"
}

# A property of pom.xml, where every version is pinned.
pinned() {
    sed -nE "s|.*<$1>(.*)</$1>.*|\1|p" "$here/pom.xml"
}

# Fetches by an execution of pom.xml into a fresh folder, and tells it in `stage`: `fetch kafka -Dkafka.version=4.3.1`.
# The caller moves what it needs from there; nobody ever sees half of it.
fetch() {
    need_maven
    mkdir -p "$cache"
    stage=$(mktemp -d "$cache/stage.XXXXXX")
    JAVA_HOME="$jdk" retry mvn --batch-mode --quiet --file "$here/pom.xml" -Dmaven.repo.local="$stage/repository" \
        -Dstage="$stage" "${@:2}" generate-resources --activate-profiles "$1" >&2 ||
        { rm -rf "$stage"; fail "Maven could not fetch $1"; }
}

# --- nodes: a folder with the files pid and log, and a process that has `-Dflightstream.node=FOLDER.` in its arguments

# Whether the node's process lives. The file may be stale, and its number another process's by now.
alive() {
    local pid arguments state
    pid=$(cat "$1/pid" 2>/dev/null) && [[ -n "$pid" ]] || return 1
    read -r state arguments < <(ps -ww -o state= -o args= -p "$pid" 2>/dev/null) || return 1
    [[ "$state" != Z* && "$arguments" == *"-Dflightstream.node=$1."* ]]
}

# Sends a signal to the node, if it lives.
signal() {
    ! alive "$2" || kill -"$1" "$(cat "$2/pid" 2>/dev/null)" 2>/dev/null || true
}

# Waits this many seconds at most until the node has ended.
await_end() {
    local end=$((SECONDS + $2))
    while alive "$1"; do
        ((SECONDS < end)) || return 1
        sleep 0.05
    done
    rm -f "$1/pid"
}

# Ends a node that may be paused, and waits until it has.
stop_node() {
    signal "$1" "$2"
    signal CONT "$2"
    await_end "$2" "$3"
}

# Resident and highest memory of a node, in MiB, where /proc tells.
memory_of() {
    awk '/^Vm(RSS|HWM)/ { printf "%s %d MiB ", $1 == "VmRSS:" ? "now" : "at most", $2 / 1024 }' \
        "/proc/$(cat "$1/pid")/status" 2>/dev/null || true
}

# Becomes a program that outlives this command, apart from its terminal and its signals: `detach java … &`.
detach() {
    if command -v setsid >/dev/null; then
        exec setsid "$@"
    else
        exec nohup "$@"
    fi
}

# --- folders and ports

# Sets `dir`: the folder that was named, or a fresh one that `down` removes. Not below a path with a space: Java's
# options are split there.
make_dir() {
    if [[ -n "$1" ]]; then
        mkdir -p "$1"
        dir=$(cd "$1" && pwd)
    else
        dir=$(mktemp -d "${TMPDIR:-/tmp}/flightstream-${0##*/}.XXXXXX")
        : >"$dir/temporary"
    fi
    [[ "$dir" != *[[:space:]]* ]] || fail "the folder's path has a space: $dir"
}

# Sets `dir` to the folder of a service that `up` has made, or fails with what to do.
find_dir() {
    [[ -n "$1" ]] || fail "which one? Name its folder by --dir, or set what \`${0##*/} up\` has printed"
    [[ -f "$1/env" ]] || fail "there is no ${0##*/} in $1"
    dir=$(cd "$1" && pwd)
}

listening() {
    (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null
}

all_free() {
    local port
    for ((port = $1; port < $1 + $2; port++)); do
        ! listening "$port" || return 1
    done
}

# Sets `port` to the first of so many free ports in a row. They are below those that systems give to clients. Another
# service may take one before it is bound; who starts a server tries again then.
free_ports() {
    local _
    for _ in {1..100}; do
        port=$((20000 + RANDOM % 120 * 100))
        ! all_free "$port" "$1" || return 0
    done
    fail "no $1 free ports in a row were found between 20000 and 32000"
}

# Makes a certificate authority below $dir/tls, and by it a server's and a client's certificates. Only ca.pem and
# client.p12 are for clients.
make_certificates() {
    mkdir -p "$dir/tls"
    keytool_all >"$dir/tls/log" 2>&1 || fail "$(cat "$dir/tls/log")"
}

keytool_all() {
    local all="$dir/tls/all.p12" keytool="$jdk/bin/keytool" name
    local to=(-keystore "$dir/tls/all.p12" -storetype PKCS12 -storepass "$password")
    local generate=("$keytool" -genkeypair -keyalg EC -groupname secp256r1 -validity 3650 "${to[@]}")
    "${generate[@]}" -alias ca -dname "CN=flightstream test" -ext bc:c || return 1
    "${generate[@]}" -alias server -dname CN=localhost -signer ca -ext san=dns:localhost,ip:127.0.0.1 || return 1
    "${generate[@]}" -alias client -dname CN=flight -signer ca || return 1
    for name in server client; do
        "$keytool" -importkeystore -srckeystore "$all" -srcstorepass "$password" -srcalias "$name" \
            -destkeystore "$dir/tls/$name.p12" -deststoretype PKCS12 -deststorepass "$password" || return 1
    done
    "$keytool" -exportcert -rfc -alias ca "${to[@]}" -file "$dir/tls/ca.pem" || return 1
    rm "$all"
}

# --- with: a service for as long as a command runs

# Ends the service if process $1 ends without having done so, even by SIGKILL: `watch $$ &`.
watch() {
    # shellcheck disable=SC2016  # expanded by that bash
    detach bash -c 'while kill -0 "$1" 2>/dev/null; do sleep 0.5; done; [[ ! -d "$2" ]] || "$0" down --dir "$2"' \
        "$0" "$1" "$dir" >/dev/null 2>&1 </dev/null
}

# Runs a command in a process group of its own and exits as it does. Signals are passed on to it.
run_then_exit() {
    local child code=0 name
    set -m
    "$@" <&0 &
    child=$!
    set +m
    for name in INT TERM HUP; do
        # shellcheck disable=SC2064  # the child of now
        trap "kill -$name -- -$child 2>/dev/null || true" "$name"
    done
    wait "$child" || code=$?
    # A signal ends the wait too, before the child has ended.
    while kill -0 "$child" 2>/dev/null; do
        code=0
        wait "$child" || code=$?
    done
    exit "$code"
}
