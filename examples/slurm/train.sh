#!/bin/bash
# Train one generator on several nodes: sbatch examples/slurm/train.sh DATA RUN [flags of wgan train]
# The folder of the run must be on a disk that all nodes share.
#SBATCH --job-name=wgan-train
#SBATCH --nodes=4
#SBATCH --ntasks-per-node=1
#SBATCH --gpus-per-node=8
#SBATCH --cpus-per-task=32
#SBATCH --time=24:00:00
# Two minutes before the end of the time, every process is told to save itself: submit the same
# command again, and it goes on. After a lost node or a preemption, Slurm queues the job again.
#SBATCH --signal=TERM@120
#SBATCH --requeue
#SBATCH --open-mode=append
set -euo pipefail

data=${1:?give the data, as wgan train takes it}
run=${2:?give the folder of the run}
shift 2
first=$(scontrol show hostnames "$SLURM_JOB_NODELIST" | head -n 1)

# One torchrun a node; each starts a process for each GPU of its node.
srun torchrun \
  --nnodes "$SLURM_NNODES" \
  --nproc-per-node 8 \
  --rdzv-id "$SLURM_JOB_ID" \
  --rdzv-backend c10d \
  --rdzv-endpoint "$first:29500" \
  --max-restarts 3 \
  -m wgan train "$data" --out "$run" "$@"
