#!/bin/sh
# Installs what building and checking firepush needs and this machine lacks: on Debian 12, as root, by package name.
# usage: setup.sh demo|build|board|check; build is what board/cross needs, board what tests/board.rs needs on top
set -eu

case ${1:-} in
demo | build | board | check) ;;
*)
    echo 'usage: setup.sh demo|build|board|check' >&2
    exit 64
    ;;
esac

missing=
need() { # need PACKAGES COMMAND...: note the packages unless the command succeeds
    packages=$1
    shift
    "$@" >/dev/null 2>&1 || missing="$missing $packages"
}

new_enough() {
    command -v cargo && printf '1.85.0\n%s\n' "$(rustc --version | cut -d' ' -f2)" | sort -C -V
}

rust_tools() {
    rustdoc --version && cargo fmt --version && cargo clippy --version
}

# What the rustc of board/cross is linked to, which isn't installed as a package.
llvm_libraries() {
    ls /usr/lib/*/libedit.so.2 /usr/lib/*/libxml2.so.2 /usr/lib/*/libz3.so.4
}

list_missing() {
    missing=
    need 'gcc libc6-dev' cc --version
    need ca-certificates test -s /etc/ssl/certs/ca-certificates.crt
    need 'cargo-web rustc-web' new_enough
    [ "$1" = build ] || need prosody command -v prosody
    [ "$1" != demo ] || return 0
    need python3-venv /usr/bin/python3 -c 'import ensurepip'
    need 'libedit2 libxml2 libz3-4' llvm_libraries
    [ "$1" != build ] || return 0
    need ejabberd sh -c 'ls -d /usr/lib/*/ejabberd-*/ebin'
    need qemu-user qemu-arm --version
    need faketime command -v faketime
    need libc6-armhf-cross test -e /usr/arm-linux-gnueabihf/lib/libc.so.6
    need libc6-arm64-cross test -e /usr/aarch64-linux-gnu/lib/libc.so.6
    [ "$1" = check ] || return 0
    need 'rustfmt-web rust-web-clippy' rust_tools
    need default-jdk-headless javac -version
    need maven command -v mvn
    need dnsmasq-base command -v dnsmasq
    need microsocks command -v microsocks
    need tinyproxy-bin command -v tinyproxy
    need iproute2 command -v ip
    need strace command -v strace
    need g++ g++ --version
    need valgrind command -v valgrind
    need mandoc command -v mandoc
    need man-db command -v man
    need zsh command -v zsh
    need fish command -v fish
    need pkgconf command -v pkg-config
    need binutils command -v readelf
    need busybox-static busybox ash -c :
    need shellcheck command -v shellcheck
    need dpkg-dev command -v dpkg-shlibdeps
    [ "${FIREPUSH_FULL:-}" = 1 ] || return 0
    need systemd test -x /lib/systemd/systemd
    need dbus command -v dbus-daemon
    need adduser command -v deluser
    need lintian command -v lintian
}

policy=/usr/sbin/policy-rc.d
hidden=$policy.before-firepush

restore_policy() {
    rm -f $policy
    [ ! -e $hidden ] || mv $hidden $policy
}

# The servers' packages start services unless a policy forbids it.
without_services() (
    trap restore_policy EXIT
    trap 'exit 1' HUP INT TERM
    [ -e $hidden ] || [ ! -e $policy ] || mv $policy $hidden
    printf '#!/bin/sh\nexit 101\n' >$policy
    chmod 755 $policy
    "$@"
)

install_missing() {
    if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
        echo "setup: this needs packages (their Debian 12 names):$missing; install them or run as root on Debian" >&2
        exit 1
    fi
    echo "setup: installing$missing"
    apt-get update -qq
    export DEBIAN_FRONTEND=noninteractive
    # shellcheck disable=SC2086 # one word a package
    without_services apt-get install -y -qq --no-install-recommends $missing >/dev/null
}

python_packages() { # python_packages FOLDER PACKAGE...: into target/FOLDER, once
    folder=target/$1
    shift
    [ "$(cat "$folder/packages" 2>/dev/null)" != "$*" ] || return 0
    echo "setup: $* into $folder"
    /usr/bin/python3 -m venv --clear "$folder"
    "$folder/bin/pip" install -q "$@"
    echo "$*" >"$folder/packages"
}

list_missing "$1"
if [ -n "$missing" ]; then
    install_missing
    list_missing "$1"
    [ -z "$missing" ] || { echo "setup: installed, but not found in PATH:$missing" >&2; exit 1; }
fi
[ "$1" = check ] || exit 0
python_packages venv slixmpp==1.17.0
python_packages venv-recipes oelint-adv==9.11.2 oelint-parser==8.13.2 kconfiglib==14.1.0 \
    'cyclonedx-python-lib[json-validation]==11.12.0'
tests/interop/smack/setup.sh
