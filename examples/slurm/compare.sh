#!/bin/bash
# Compare variants on a Dask cluster: sbatch examples/slurm/compare.sh DATA OUT [flags of wgan compare]
# Scheduler, workers and command live as long as this job; the same job again goes on. The folders
# of the runs are written by this node alone, so OUT need not be on a shared disk.
#SBATCH --job-name=wgan-compare
#SBATCH --ntasks=32
#SBATCH --cpus-per-task=1
#SBATCH --mem-per-cpu=4G
#SBATCH --time=12:00:00
# Two minutes before the end of the time, the command is told to stop and save its runs.
#SBATCH --signal=B:TERM@120
#SBATCH --requeue
#SBATCH --open-mode=append
set -euo pipefail

data=${1:?give the data, as wgan compare takes them}
out=${2:?give the folder of the comparison}
shift 2
address="tcp://$(hostname):8786"

dask scheduler --port 8786 --no-dashboard &
scheduler=$!
# A worker does one run at a time. Workers that lost their scheduler end after a minute.
srun dask worker "$address" --nthreads 1 --no-dashboard --death-timeout 60 \
  --local-directory "${TMPDIR:-/tmp}" &
workers=$!
trap 'kill $scheduler $workers 2>/dev/null || true' EXIT

wgan compare "$data" --out "$out" --cluster "$address" --quiet "$@" &
command=$!
trap 'kill -TERM $command' TERM
# The first `wait` ends with the signal, the second with the command.
wait $command || wait $command
