#!/usr/bin/env bash
# Submit: a job of 16 shards, and one that merges when every shard came to its end.
#   ./slurm.sh /mnt/scans /mnt/results
set -euo pipefail
scans=$1 results=$2 shards=16

array=$(sbatch --parsable --array="1-$shards" --cpus-per-task=8 --mem=20G --time=12:00:00 --requeue --wrap \
    "hcr-scan '$scans' --out '$results/part-'\$SLURM_ARRAY_TASK_ID.jsonl --shard \$SLURM_ARRAY_TASK_ID/$shards \
    --resume --jobs \$SLURM_CPUS_PER_TASK || test \$? -eq 1")
sbatch --dependency="afterok:$array" --wrap "hcr-scan merge '$results'/part-*.jsonl --out '$results/results.jsonl'"
