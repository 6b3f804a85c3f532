"""A network taught by others: it learns what they answer together, and not only what a crop's label says.

The answers are means of the log-probabilities of the network itself, as it stands, and of a larger one of another kind:
two that err differently know together what neither knows alone, and much of that fits into the small one (Hinton,
Vinyals and Dean 2015). When a page is read nothing of it is needed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from tqdm import tqdm

from hcr_scan_training.dataset import read_shard
from hcr_scan_training.fit import BLOCK_LETTER_SHARE, Loss, block_letters, glyph_loss
from hcr_scan_training.network import import_keras

#: Share of the loss that still asks for the label: where both teachers are wrong, it is right.
LABEL_SHARE = 0.25

Predict = Callable[[npt.NDArray[Any]], npt.NDArray[np.float32]]


def taught_shards(shards: Sequence[Path], teachers: Sequence[Predict], folder: Path) -> list[Path]:
    """Shards whose "classes" are float16 (n, labels + 1): log-probabilities that the teachers agree on, then the class.

    Those that ``folder`` holds already are not asked for again.
    """
    folder.mkdir(parents=True, exist_ok=True)
    taught = [folder / f"taught-{number:04d}.npz" for number in range(len(shards))]
    missing = [(shard, path) for shard, path in zip(shards, taught, strict=True) if not path.exists()]
    for shard, path in tqdm(missing, desc="answers", disable=not missing):
        crops, classes = read_shard(shard)
        answers = np.mean([_log_softmax(predict(crops)) for predict in teachers], axis=0)
        partial = folder / f".{path.stem}.partial.npz"
        np.savez(partial, crops=crops, classes=np.column_stack([answers, classes]).astype(np.float16))
        partial.rename(path)
    return taught


def taught_loss(label_smoothing: float) -> Loss:
    """Cross-entropy with the teachers' answers, over all classes and among capitals and digits alone.

    The two parts are weighed as in :func:`glyph_loss`, which itself is a :data:`LABEL_SHARE` of the whole.
    """
    ops = import_keras().ops
    labelled = glyph_loss(label_smoothing)
    penalty, _, counted = block_letters()

    def loss(targets: Any, logits: Any) -> Any:
        targets = ops.cast(targets, "float32")
        wanted, answers = ops.cast(targets[:, -1], "int32"), targets[:, :-1]
        free = _cross_entropy(ops, answers, logits)
        masked = _cross_entropy(ops, answers + penalty, logits + penalty)
        share = BLOCK_LETTER_SHARE * ops.take(counted.astype(np.float32), wanted)
        return LABEL_SHARE * labelled(wanted, logits) + (1 - LABEL_SHARE) * ((1 - share) * free + share * masked)

    return loss


def _cross_entropy(ops: Any, answers: Any, logits: Any) -> Any:
    chances = ops.softmax(answers)
    return -ops.sum(chances * ops.maximum(ops.log_softmax(logits), -1e3), axis=-1)


def _log_softmax(logits: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    shifted = logits - logits.max(axis=1, keepdims=True)
    return np.asarray(shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True)), np.float32)
