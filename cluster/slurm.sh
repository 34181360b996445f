#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The population network on whole nodes of a Slurm cluster, one MPI process a socket.
#
#   sbatch --nodes 4 --cpus-per-task CORES_OF_A_SOCKET cluster/slurm.sh [OPTIONS OF THE SCRIPT]
#
# Submit it from the clone, with the Python whose NEST has MPI: PYTHON=/path/to/python sbatch ...
# For other scripts: SCRIPT=pynest_scripts.izhikevich_2003_network. Load the modules of your cluster
# before, or below.
#SBATCH --job-name=izhisyn
#SBATCH --nodes=1
#SBATCH --ntasks-per-node=2
#SBATCH --ntasks-per-socket=1
#SBATCH --cpus-per-task=24
#SBATCH --hint=nomultithread
#SBATCH --exclusive
#SBATCH --time=01:00:00
#SBATCH --output=izhisyn-%j.log
set -euo pipefail
cd "${SLURM_SUBMIT_DIR:?submit this script with sbatch}"

: "${SLURM_CPUS_PER_TASK:?name the cores of a socket: sbatch --cpus-per-task N}"
# NEST takes its number of threads from --total-vps; these let each stay on its core, next to its
# memory.
export OMP_NUM_THREADS=$SLURM_CPUS_PER_TASK OMP_PROC_BIND=close OMP_PLACES=cores
# Newer versions of srun do not take this from sbatch by themselves.
export SRUN_CPUS_PER_TASK=$SLURM_CPUS_PER_TASK

# Where one process fails, the others would wait for it until the time is over.
srun --kill-on-bad-exit=1 --cpu-bind=cores --distribution=block:block \
    "${PYTHON:-python3}" -m "${SCRIPT:-pynest_scripts.population_network}" \
    --total-vps $((SLURM_NTASKS * OMP_NUM_THREADS)) \
    --spikes-to ascii --output "output/$SLURM_JOB_ID" "$@"
