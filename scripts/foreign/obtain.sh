# Sourced by scripts/interop and scripts/interop-log: where foreign programs and bundles of ours come from.
#
# Programs are installed by name into a folder of their own, which INTEROP_DIR keeps for the next time, with
# the store of what is built; nothing of this machine is changed. ZWIEBACK names the binary, else cargo builds one.

foreign=$(dirname "$(realpath "${BASH_SOURCE[0]}")")
checkout=$(realpath "$foreign/../..")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
place=${INTEROP_DIR:-$work/tools}
mkdir -p "$place"
place=$(realpath "$place")

# FOLDER PYTHON PACKAGE…
obtain_python() {
  local folder=$place/$1 python=$2
  shift 2
  [ ! -e "$folder/obtained" ] || return 0
  "$python" -m venv "$folder"
  "$folder/bin/pip" install --quiet "$@"
  touch "$folder/obtained"
}

obtain_sigstore() {
  [ -d "$place/node_modules/@sigstore/verify" ] || npm install --silent --no-audit --no-fund \
    --prefix "$place" '@sigstore/verify@4' '@sigstore/bundle@5' '@sigstore/protobuf-specs'
}

# A program of a newer suite of Debian (INTEROP_SUITE), by an apt state of its own, from the mirror that this
# machine is configured with. It is unpacked and not installed, and needs a C library of 2.34 or later.
obtain_debian() {
  local state=$place/apt mirror
  [ ! -e "$place/$1/version" ] || return 0
  mirror=$(apt-get indextargets --format '$(REPO_URI) $(CODENAME)' 'Created-By: Packages' |
    awk '$2 !~ /-(security|updates|backports)$/ && !found++ { print $1 }')
  mkdir -p "$state"/{lists/partial,archives/partial,sources}
  printf '%s\n' 'Types: deb' "URIs: $mirror" "Suites: ${INTEROP_SUITE:-sid}" 'Components: main' \
    'Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg' > "$state/sources/newer.sources"
  local apt=(apt-get -qq -o Dir::State="$state" -o Dir::State::status=/dev/null -o Dir::Cache="$state"
    -o Dir::Etc::sourcelist=/dev/null -o Dir::Etc::sourceparts="$state/sources" -o APT::Sandbox::User=root)
  [ -e "$state/updated" ] || "${apt[@]}" update
  touch "$state/updated"
  rm -f "$state/$1"_*.deb
  (cd "$state" && "${apt[@]}" download "$1")
  dpkg-deb -x "$state/$1"_*.deb "$place/$1"
  dpkg-deb -f "$state/$1"_*.deb Version > "$place/$1/version"
}

cosign() {
  # Its home is a folder of ours; without one it would look for a trusted root over the network.
  HOME=$work "$place/cosign/usr/bin/cosign" "$@"
}

# Runs the binary in a project, with a home that has neither keys nor memories.
zwieback() {
  (cd "$work/project" && env -u XDG_CACHE_HOME -u XDG_CONFIG_HOME -u XDG_DATA_HOME -u XDG_STATE_HOME \
    HOME="$work/home" ZWIEBACK_STORE="$place/store" "$binary" --no-progress "$@")
}

# A project with zlib, and with a recipe `many` of 1500 outputs; our public key is $work/key.pem.
begin_project() {
  binary=${ZWIEBACK:-}
  if [ -z "$binary" ]; then
    cargo build --quiet --release --bin zwieback --manifest-path "$checkout/Cargo.toml"
    binary=$checkout/target/x86_64-unknown-linux-gnu/release/zwieback
  fi
  binary=$(realpath "$binary")
  mkdir -p "$work"/{home,project/toolchains,project/recipes/many}
  cp -r "$checkout/recipes/zlib" "$work/project/recipes"
  cp -r "$checkout/toolchains/c" "$checkout/tests/fixtures/toolchains/shell" "$work/project/toolchains"
  cat > "$work/project/recipes/many/recipe.toml" << 'END'
[recipe]
name = "many"
version = "1"
toolchains = ["shell"]

[[steps]]
name = "make"
run = "mkdir $OUT/d && for i in $(seq 1500); do echo $i > $OUT/d/$i; done"
END
  say zwieback key generate default > "$work/key.pem"
}

# Runs a command whose words are only of interest if it fails.
say() {
  "$@" 2> "$work/said" || {
    cat "$work/said" >&2
    return 1
  }
}
