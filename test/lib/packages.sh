# SPDX-License-Identifier: Apache-2.0
# Sourced by test/run. What each purpose needs from Debian; `a|b` means either will do.
packages_build='autoconf automake libtool pkg-config|pkgconf make gcc libc6-dev clang libclang-rt-14-dev|libclang-rt-dev xz-utils
    libapr1-dev libaprutil1-dev apache2-dev libcurl4-openssl-dev|libcurl4-gnutls-dev libjansson-dev libmariadb-dev
    libsqlite3-dev libgmime-3.0-dev libical-dev libssl-dev zlib1g-dev libcmocka-dev libmicrohttpd-dev libwbxml2-dev'
packages_run='apache2-bin mariadb-server-core mariadb-client-core openssl python3 python3-pytest tzdata procps'
# the mail server that the protocol tests deliver to
packages_mail='dovecot-core dovecot-imapd dovecot-lmtpd'
packages_coverage='gcovr'

# have ALTERNATIVES: one of a|b|c is installed
have() {
    for name in $(echo "$1" | tr '|' ' '); do
        case $(dpkg-query -W -f='${db:Status-Status} ' "$name" 2> /dev/null) in
        *installed*) return 0 ;;
        esac
    done
    return 1
}

# need PURPOSE...: installs the packages of these purposes that are missing; ends the script if it cannot
need() {
    if ! command -v dpkg-query > /dev/null 2>&1; then
        echo "not a Debian system: the packages of test/lib/packages.sh must be there under your system's names" >&2
        return 0
    fi
    missing=
    for purpose in "$@"; do
        eval "wanted=\$packages_$purpose"
        for package in $wanted; do
            have "$package" || missing="$missing ${package%%|*}"
        done
    done
    [ -n "$missing" ] || return 0
    echo "installing:$missing"
    root=
    if [ "$(id -u)" -ne 0 ]; then
        command -v sudo > /dev/null 2>&1 || {
            echo "test/run: run it as root or install sudo, or install these packages yourself:$missing" >&2
            exit 2
        }
        root=sudo
    fi
    apt_log=$(mktemp) || exit 2
    # shellcheck disable=SC2086 # missing is a list of words
    if ! { $root apt-get -qq update && $root env DEBIAN_FRONTEND=noninteractive \
        apt-get -qq install -y --no-install-recommends $missing; } > "$apt_log" 2>&1 < /dev/null; then
        tail -n 20 "$apt_log" >&2
        rm -f "$apt_log"
        echo "test/run: these packages could not be installed:$missing" >&2
        exit 2
    fi
    rm -f "$apt_log"
}
