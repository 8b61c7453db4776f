#!/usr/bin/env bash
# Installs what the VS Code tests need into one folder: install-code-server.sh DIR
#
#   DIR/node         Node.js as a registry package (code-server wants exactly this major version)
#   DIR/code-server  VS Code's workbench and extension host, served to a browser
#   DIR/playwright   the library that drives the browser
#   the system       Chromium, fonts and (only if absent) npm, from the distribution
#
# Nothing here runs a package's own install script: those look for compilers and for hosts that a
# closed network does not have. The few steps of code-server's script that matter are in
# finish_code_server. Running it again is quick and changes nothing; a changed version in
# versions.env replaces just that part.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=versions.env
source "$here/versions.env"

[ $# -eq 1 ] || { echo "usage: $0 DIR" >&2; exit 2; }
mkdir -p "$1"
root=$(cd "$1" && pwd)
log=$root/install.log
node_dir=$root/node/node_modules/node-linux-$(case $(uname -m) in aarch64) echo arm64 ;; *) echo x64 ;; esac)

# Two test runs may come at once; the second waits and then finds everything in place.
exec 9>"$root/.lock"
flock 9

fail() { echo "install-code-server: $*" >&2; exit 1; }

# Runs a command with its output in the log, which is shown only when the command fails.
logged() {
    printf '\n$ %s\n' "$*" >>"$log"
    "$@" >>"$log" 2>&1 || { tail -n 30 "$log" >&2; fail "failed: $* (whole log: $log)"; }
}

# is_current NAME VERSION: whether this part was finished, in this version.
is_current() { [ "$(cat "$root/$1.version" 2>/dev/null)" = "$2" ]; }
mark_current() { printf '%s\n' "$2" >"$root/$1.version"; }

apt_install() {
    local apt=(env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends)
    [ "$(id -u)" = 0 ] || fail "needs root once, for: apt-get install $*"
    "${apt[@]}" "$@" >>"$log" 2>&1 && return
    # Package lists may be absent or old: fetch them only now that they are known to be needed.
    logged apt-get update -q
    "${apt[@]}" "$@" >>"$log" 2>&1
}

install_chromium() {
    command -v chromium >/dev/null && return
    echo "installing chromium and fonts"
    apt_install "chromium=$CHROMIUM_VERSION" fonts-dejavu-core ||
        apt_install chromium fonts-dejavu-core ||
        { tail -n 30 "$log" >&2; fail "the distribution's chromium could not be installed (log: $log)"; }
}

# npm_into FOLDER PACKAGE: a fresh private project that holds just this package.
npm_into() {
    rm -rf "${root:?}/$1"
    mkdir -p "$root/$1"
    echo '{"private": true}' >"$root/$1/package.json"
    (cd "$root/$1" && logged npm install --ignore-scripts --no-audit --no-fund --no-update-notifier "$2")
}

install_node() {
    is_current node "$NODE_VERSION" && return
    command -v npm >/dev/null || apt_install npm || fail "npm is missing and could not be installed (log: $log)"
    echo "installing node $NODE_VERSION"
    npm_into node "$(basename "$node_dir")@$NODE_VERSION"
    mark_current node "$NODE_VERSION"
}

finish_code_server() {
    local code=$root/code-server/node_modules/code-server/lib/vscode part
    for part in "$code" "$code/extensions"; do
        (cd "$part" && logged npm install --omit=dev --ignore-scripts --no-audit --no-fund --no-update-notifier)
    done
    ln -sfn code-linux.sh "$code/bin/remote-cli/code-server"
    ln -sfn browser-linux.sh "$code/bin/helpers/browser.sh"
    build_file_logs "$code/node_modules/@vscode/spdlog"
    # Hundreds of megabytes of another assistant that no test here starts.
    rm -rf "$code/node_modules/@github/copilot"*
}

# Output channels are written through one native module. Without a compiler VS Code still works,
# with a stack trace on stderr and no log files.
build_file_logs() {
    local tool gyp
    for tool in g++ make python3; do
        command -v "$tool" >/dev/null || { echo "no $tool: VS Code will keep no log files"; return; }
    done
    gyp=$(dirname "$(readlink -f "$(command -v npm)")")/../node_modules/node-gyp/bin/node-gyp.js
    [ -f "$gyp" ] || { echo "no node-gyp beside npm: VS Code will keep no log files"; return; }
    (cd "$1" && logged env -u npm_config_nodedir node "$gyp" rebuild "--nodedir=$node_dir")
}

install_code_server() {
    is_current code-server "$CODE_SERVER_VERSION" && return
    echo "installing code-server $CODE_SERVER_VERSION"
    npm_into code-server "code-server@$CODE_SERVER_VERSION"
    finish_code_server
    mark_current code-server "$CODE_SERVER_VERSION"
}

install_playwright() {
    is_current playwright "$PLAYWRIGHT_VERSION" && return
    echo "installing playwright-core $PLAYWRIGHT_VERSION"
    npm_into playwright "playwright-core@$PLAYWRIGHT_VERSION"
    mark_current playwright "$PLAYWRIGHT_VERSION"
}

# Asks each program itself, so that a broken install does not pass for a present one.
print_versions() {
    local home
    home=$(mktemp -d)
    echo "node        $(node --version)"
    echo "code-server $(HOME=$home XDG_CONFIG_HOME=$home XDG_DATA_HOME=$home \
        "$root/code-server/node_modules/.bin/code-server" --version | tail -n 1)"
    echo "playwright  $(node -p "require('$root/playwright/node_modules/playwright-core/package.json').version")"
    echo "chromium    $(chromium --version 2>/dev/null) (wanted $CHROMIUM_VERSION)"
    rm -rf "$home"
}

install_chromium
install_node
PATH=$node_dir/bin:$PATH
export PATH
install_code_server
install_playwright
print_versions
