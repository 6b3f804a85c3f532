#!/usr/bin/env bash
# Sixteen shards of a shared folder on the machines in hosts.txt (one name a line), then one output.
#   ./parallel.sh /mnt/scans /mnt/results
set -euo pipefail
scans=$1 results=$2 shards=${SHARDS:-16} hosts=${HOSTS:-hosts.txt}

# Exit code 1 says that some pages failed; they are in the output with the reason, and the merge goes on.
parallel --sshloginfile "$hosts" --jobs 1 --retries 3 \
    "hcr-scan '$scans' --out '$results/part-{}.jsonl' --shard '{}/$shards' --resume --quiet || test \$? -eq 1" \
    ::: $(seq "$shards")

hcr-scan merge "$results"/part-*.jsonl --out "$results/results.jsonl"
