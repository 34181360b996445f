#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Build NEST with MPI from PyPI's source distribution, once, and a virtual environment around it.
#
#   cluster/build_mpi_nest.sh                  build what is missing
#   cluster/build_mpi_nest.sh --print-python   print the environment's interpreter
#   cluster/build_mpi_nest.sh --print-debian   print the Debian packages that the build needs
#
# Everything is kept below ${XDG_CACHE_HOME:-~/.cache}/izhisyn, in a folder for each combination of
# NEST, Python and MPI. FULL=1 compiles all models of NEST instead of the few that izhisyn uses;
# once there is such a build, it is used without FULL=1 too. PYTHON names another python3.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

PYTHON=${PYTHON:-python3}
DEBIAN_PACKAGES="g++ libopenmpi-dev openmpi-bin libgsl-dev libboost-dev libltdl-dev"
MODELS="izhikevich iaf_psc_alpha iaf_cond_beta parrot_neuron
    poisson_generator spike_generator spike_train_injector
    dc_generator ac_generator step_current_generator noise_generator
    multimeter spike_recorder weight_recorder volume_transmitter
    static_synapse bernoulli_synapse tsodyks_synapse tsodyks2_synapse stdp_synapse"
SETTINGS=(
    with-mpi=ON
    with-detailed-timers=ON # what benchmarks/scaling.py reads
    # The default, a RUNPATH, is not consulted when NEST opens an extension module by its name.
    CMAKE_SHARED_LINKER_FLAGS=-Wl,--disable-new-dtags
    CMAKE_MODULE_LINKER_FLAGS=-Wl,--disable-new-dtags
)

main() {
    if [ "${1:-}" = --print-debian ]; then
        echo "$DEBIAN_PACKAGES"
        return
    fi
    check_prerequisites
    local nest folder
    nest=$(grep -o '^nest-simulator==[^ ]*' constraints.txt)
    folder=$(cache_folder "$nest")

    if [ "${1:-}" = --print-python ]; then
        [ -e "$folder/ready" ] || fail "there is no NEST with MPI in $folder; run: make mpi"
        echo "$folder/venv/bin/python"
        return
    fi

    mkdir -p "$folder"
    exec 9>"$folder/lock"
    flock 9
    [ -x "$folder/venv/bin/pip" ] || "$PYTHON" -m venv "$folder/venv" ||
        fail "$PYTHON cannot make a virtual environment; install its venv module (apt install python3-venv)"
    ls "$folder"/nest_simulator-*.whl >/dev/null 2>&1 || build_wheel "$nest" "$folder"
    [ "$(cat "$folder/ready" 2>/dev/null)" = "$(requirements)" ] || make_environment "$folder"
}

fail() {
    echo "build_mpi_nest: $1" >&2
    exit 1
}

check_prerequisites() {
    local missing=() tool header
    for tool in "$PYTHON" "${CXX:-g++}" mpicxx mpirun gsl-config; do
        command -v "$tool" >/dev/null || missing+=("$tool")
    done
    for header in boost/version.hpp ltdl.h; do
        echo "#include <$header>" | "${CXX:-g++}" -fsyntax-only -x c++ - 2>/dev/null || missing+=("$header")
    done
    [ ${#missing[@]} -eq 0 ] ||
        fail "missing: ${missing[*]}; install them (Debian, Ubuntu: apt install $DEBIAN_PACKAGES), or load your cluster's modules"
}

# All of constraints.txt but the NEST, which is compiled here, and the simulator that serves tests as a reference.
requirements() {
    awk '/^[a-z]/ { keep = !/^(nest-simulator|brian2)==/ } keep' constraints.txt
}

# A NEST belongs to the Python, the MPI and the settings that it was compiled with.
cache_folder() {
    local nest=${1/==/-} python build folder
    python=$("$PYTHON" -c 'import sys; print("python{}.{}".format(*sys.version_info))')
    build=$({ mpicxx -show && echo "${SETTINGS[@]}" $MODELS; } | sha256sum | cut -c 1-8)
    folder=${XDG_CACHE_HOME:-$HOME/.cache}/izhisyn/$nest-$python-mpi-$build
    if [ -n "${FULL:-}" ] || [ -e "$folder-full/ready" ]; then
        folder+=-full
    fi
    echo "$folder"
}

build_wheel() {
    local nest=$1 folder=$2 settings
    settings=("${SETTINGS[@]}")
    [ -n "${FULL:-}" ] || settings+=("with-models=$(echo $MODELS | tr ' ' ';')")
    echo "compiling $nest with MPI, 5 to 15 minutes; see $folder/build.log"
    # Not from pip's cache, which would not know the settings apart.
    "$folder/venv/bin/python" -m pip --disable-pip-version-check wheel --no-cache-dir --no-deps \
        --no-binary nest-simulator --wheel-dir "$folder/unfinished" \
        "${settings[@]/#/--config-settings=cmake.define.}" "$nest" \
        >"$folder/build.log" 2>&1 || {
        tail -n 15 "$folder/build.log" >&2
        fail "NEST could not be compiled; the whole log is $folder/build.log"
    }
    mv "$folder"/unfinished/nest_simulator-*.whl "$folder"
    rmdir "$folder/unfinished"
}

make_environment() {
    local folder=$1 python=$1/venv/bin/python
    echo "setting up $folder/venv"
    requirements >"$folder/requirements"
    {
        "$python" -m pip --disable-pip-version-check install "$folder"/nest_simulator-*.whl &&
            "$python" -m pip --disable-pip-version-check install --no-deps --require-hashes -r "$folder/requirements"
    } >"$folder/pip.log" 2>&1 || {
        tail -n 5 "$folder/pip.log" >&2
        fail "pip could not install what constraints.txt pins; check the network and read $folder/pip.log"
    }
    "$python" -c 'import nest, sys; sys.exit(not nest.build_info["have_mpi"])' >"$folder/check.log" 2>&1 || {
        tail -n 5 "$folder/check.log" >&2
        fail "the NEST in $folder/venv does not start with MPI; read $folder/build.log"
    }
    mv "$folder/requirements" "$folder/ready"
}

main "$@"
