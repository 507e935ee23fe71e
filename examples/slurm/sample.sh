#!/bin/bash
# Draw a billion samples in 1,000 shards: sbatch examples/slurm/sample.sh RUN OUT [flags of wgan sample]
# Process r of k draws the shards r, r + k, r + 2k, ...; shards that are there are not drawn again.
# RUN and OUT must be on a disk that all nodes share.
#SBATCH --job-name=wgan-sample
#SBATCH --ntasks=64
#SBATCH --cpus-per-task=1
#SBATCH --time=04:00:00
#SBATCH --requeue
#SBATCH --open-mode=append
set -euo pipefail

run=${1:?give the folder of the run}
out=${2:?give the folder of the shards}
shift 2

export OMP_NUM_THREADS=1
# Processes need to know no more than which of how many they are; those that fail end the others.
srun --kill-on-bad-exit=1 bash -c '
  export RANK=$SLURM_PROCID WORLD_SIZE=$SLURM_NTASKS
  exec wgan sample "$@"
' wgan "$run" -n 1e9 -o "$out" --shards 1000 "$@"
