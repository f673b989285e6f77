# SPDX-License-Identifier: Apache-2.0
# What prgate needs of a machine, for ./prgate and the scripts in .ci to source (bash).
# Progress goes to standard error: standard output belongs to the program.

say() { printf 'prgate: %s\n' "$*" >&2; }

die() {
  printf 'prgate: error: %s\n' "$*" >&2
  exit 2
}

# The newest LLVM prefix with the headers and the library of libclang 17 or later; fails without one.
find_llvm() {
  local prefix version
  if [[ -n ${LIBCLANG_PREFIX:-} ]]; then
    has_libclang "$LIBCLANG_PREFIX" && printf '%s\n' "$LIBCLANG_PREFIX" && return
    die "LIBCLANG_PREFIX=$LIBCLANG_PREFIX has no include/clang-c/Index.h and lib/libclang.so;" \
      "correct it, or unset it to search"
  fi
  while read -r version prefix; do
    if ((version >= 17)) && has_libclang "$prefix"; then
      printf '%s\n' "$prefix"
      return
    fi
  done < <(
    for prefix in /usr/lib/llvm-[0-9]*; do
      version=${prefix##*-}
      [[ $version =~ ^[0-9]+$ ]] && printf '%s %s\n' "$version" "$prefix"
    done | sort -rn
  )
  return 1
}

has_libclang() { [[ -r $1/include/clang-c/Index.h && -e $1/lib/libclang.so ]]; }

# Puts the names of the Debian packages that are missing into the array `missing`.
find_missing() {
  missing=()
  find_llvm >/dev/null || missing+=("$(libclang_package)")
  [[ -r /usr/include/sqlite3.h ]] || missing+=(libsqlite3-dev)
  command -v git >/dev/null || missing+=(git)
}

# The package with libclang 17 or later. Debian 12's own default is 14, but it has 19 too.
libclang_package() {
  local id
  id=$(. /etc/os-release 2>/dev/null && printf '%s %s' "${ID:-}" "${VERSION_ID:-}") || true
  if [[ $id == "debian 12" ]]; then echo libclang-19-dev; else echo libclang-dev; fi
}

# Installs packages where this account may; else names the one command that does.
install_packages() {
  local apt=(env DEBIAN_FRONTEND=noninteractive apt-get -qq -o Dpkg::Use-Pty=0)
  local command="sudo apt-get install -y $*"
  command -v apt-get >/dev/null || die "these packages (names as in Debian) are missing: $*"
  if [[ $(id -u) != 0 ]]; then
    sudo -n true 2>/dev/null || die "packages are missing; run: $command"
    apt=(sudo -n "${apt[@]}")
  fi
  say "installing $*"
  # The lists of a fresh machine may be empty or old: only then is an update worth its time.
  if ! "${apt[@]}" install -y --no-install-recommends "$@" </dev/null >/dev/null 2>&1; then
    "${apt[@]}" update </dev/null >&2 || say "apt-get update failed"
    "${apt[@]}" install -y --no-install-recommends "$@" </dev/null >&2 ||
      die "the installation failed; run: $command"
  fi
}

# Makes `swift` available, installs what is missing and exports LIBCLANG_PREFIX.
prepare_environment() {
  local directory missing
  if ! command -v swift >/dev/null; then
    for directory in /opt/swift/usr/bin /usr/local/swift/usr/bin \
      "${SWIFTLY_BIN_DIR:-${HOME:-/root}/.local/share/swiftly/bin}"; do
      if [[ -x $directory/swift ]]; then PATH=$directory:$PATH; fi
    done
    command -v swift >/dev/null ||
      die "swift is missing; install Swift 6.2 or later (swift.org/install)"
  fi
  find_missing
  if ((${#missing[@]})); then install_packages "${missing[@]}"; fi
  LIBCLANG_PREFIX=$(find_llvm) ||
    die "libclang 17 or later is missing; run: sudo apt-get install -y $(libclang_package)"
  export LIBCLANG_PREFIX
}
