# SPDX-License-Identifier: Apache-2.0
# Debian's source packages, for the scripts beside this one to source (bash), after .ci/environment.sh.

# Unpacks a source package below KEEP, once, and prints where: of the given version, and where that is
# not to be had any more, or none is given, the newest that is. KEEP/PACKAGE/version says which it became.
fetch() {
  local package=$1 version=${2:-} folder=$KEEP/$1
  if [[ ! -d $folder/tree ]]; then
    command -v dpkg-source >/dev/null ||
      die "dpkg-source is missing; install the package dpkg-dev"
    mkdir -p "$folder"
    add_sources
    (
      cd -- "$folder"
      {
        { [[ -n $version ]] && download "$package=$version"; } || download "$package" ||
          download_older "$package"
      } >messages 2>&1 ||
        die "the source package $package cannot be fetched; see $folder/messages"
      dpkg-source --no-check -x ./*.dsc tree >>messages 2>&1 ||
        die "the source package $package cannot be unpacked; see $folder/messages"
      sed -n 's/^Version: //p' ./*.dsc >version
    ) || return
  fi
  printf '%s\n' "$folder/tree"
}

# The machine's own package sources, but for source packages: it may have none for those.
add_sources() {
  mkdir -p "$KEEP/apt/lists/partial"
  sed -E 's/^Types:.*/Types: deb-src/' /etc/apt/sources.list.d/debian.sources \
    >"$KEEP/apt/source.sources" 2>/dev/null || true
  sed -En 's/^deb /deb-src /p' /etc/apt/sources.list >"$KEEP/apt/source.list" 2>/dev/null || true
}

# Downloads a source package, with the machine's lists or, where they have none, with our own.
download() {
  apt-get -qq source --download-only "$1" ||
    { apt_source update && apt_source source --download-only "$1"; }
}

# An archive drops versions before the machine's lists do.
download_older() {
  local version
  while read -r version; do
    if download "$1=$version"; then return; fi
  done < <(apt-cache showsrc "$1" | sed -n 's/^Version: //p' | sort -rV)
  return 1
}

# apt-get with the machine's package sources read as sources of source packages.
apt_source() {
  apt-get -qq -o Dir::Etc::SourceList="$KEEP/apt/source.list" \
    -o Dir::Etc::SourceParts="$KEEP/apt" -o Dir::State::Lists="$KEEP/apt/lists" "$@"
}
