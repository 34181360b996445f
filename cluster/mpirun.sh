#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The population network under Open MPI's mpirun, one MPI process a socket.
#
#   cluster/mpirun.sh RANKS THREADS [OPTIONS OF THE SCRIPT]
#
# THREADS is the number of cores of a socket. PYTHON names the Python whose NEST has MPI, SCRIPT
# another script, MPIRUN_OPTIONS more options: MPIRUN_OPTIONS="--hostfile hosts" for several nodes.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

ranks=${1:?usage: cluster/mpirun.sh RANKS THREADS [OPTIONS OF THE SCRIPT]}
threads=${2:?usage: cluster/mpirun.sh RANKS THREADS [OPTIONS OF THE SCRIPT]}
shift 2
# NEST takes its number of threads from --total-vps; these let each stay on its core, next to its
# memory.
export OMP_NUM_THREADS=$threads OMP_PROC_BIND=close OMP_PLACES=cores

# shellcheck disable=SC2086  # the options are words
exec mpirun -n "$ranks" --map-by "slot:PE=$threads" --bind-to core \
    -x OMP_NUM_THREADS -x OMP_PROC_BIND -x OMP_PLACES ${MPIRUN_OPTIONS:-} \
    "${PYTHON:-python3}" -m "${SCRIPT:-pynest_scripts.population_network}" \
    --total-vps $((ranks * threads)) --spikes-to ascii "$@"
