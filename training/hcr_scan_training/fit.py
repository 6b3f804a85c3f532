"""Fitting a network to shards of crops: checkpointed after every shard, and repeatable from the seed."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from tqdm import tqdm

from hcr_scan.images import affine
from hcr_scan_training.corpus import CHARACTERS, LABELS, NOT_A_CHARACTER
from hcr_scan_training.dataset import Shard, read_shard
from hcr_scan_training.network import import_keras

logger = logging.getLogger(__name__)

#: Share of the loss that sees capitals and digits alone, as forms are read.
BLOCK_LETTER_SHARE = 0.35
#: Share of crops that each pass turns, slants and stretches anew.
JITTERED_SHARE = 0.5
#: Punctuation that no capital or digit looks like; commas, slashes and brackets may be a 1, I or C.
_NOTHING_AMONG_CAPITALS = ".-:@&#+"


@dataclass(frozen=True, slots=True)
class Schedule:
    """How a fit goes: the learning rate rises over the first steps and falls to zero along half a cosine."""

    passes: int
    batch_size: int
    learning_rate: float
    weight_decay: float = 2e-4
    seed: int = 0


Loss = Callable[[Any, Any], Any]


def glyph_loss(label_smoothing: float) -> Loss:
    """Cross-entropy over all classes, and again over capitals and digits alone where the answer is one of them.

    The second part teaches what scanning asks for: forms are read with small letters and punctuation masked, and there
    ``c`` costs ``C`` nothing, while a full stop or a plus is no character.
    """
    keras = import_keras()
    left_out = np.array([not (c.isdigit() or c.isupper()) for c in CHARACTERS] + [False])
    penalty = np.where(left_out, -1e4, 0.0).astype(np.float32)
    answers = np.arange(len(LABELS), dtype=np.int32)
    answers[[CHARACTERS.index(mark) for mark in _NOTHING_AMONG_CAPITALS]] = NOT_A_CHARACTER
    counted = ~left_out | (answers == NOT_A_CHARACTER)

    def loss(classes: Any, logits: Any) -> Any:
        ops = keras.ops
        wanted = ops.reshape(ops.cast(classes, "int32"), (-1,))
        free = _cross_entropy(keras, wanted, logits, label_smoothing, np.zeros(len(left_out), np.float32))
        within = ops.take(answers, wanted)
        masked = _cross_entropy(keras, within, logits + penalty, label_smoothing, left_out.astype(np.float32))
        share = BLOCK_LETTER_SHARE * ops.take(counted.astype(np.float32), wanted)
        return (1 - share) * free + share * masked

    return loss


def _cross_entropy(keras: Any, wanted: Any, logits: Any, smoothing: float, left_out: npt.NDArray[np.float32]) -> Any:
    ops = keras.ops
    logarithms = ops.log_softmax(logits)
    allowed = 1.0 - left_out
    hit = ops.one_hot(wanted, len(left_out))
    even = allowed / allowed.sum()
    target = (1 - smoothing) * hit + smoothing * even
    return -ops.sum(target * logarithms * allowed, axis=-1)


def prepare(seed: int, threads: int, mixed_precision: bool = False) -> Any:
    """Keras, seeded, on so many threads, its operations made repeatable."""
    keras = import_keras()
    keras.utils.set_random_seed(seed)
    keras.mixed_precision.set_global_policy("mixed_bfloat16" if mixed_precision else "float32")
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        try:
            tf.config.threading.set_intra_op_parallelism_threads(threads)
            tf.config.threading.set_inter_op_parallelism_threads(threads)
            tf.config.experimental.enable_op_determinism()
        except RuntimeError:  # already running: the threads stay what they are
            logger.debug("TensorFlow was started before; its threads stay as they are")
    return keras


def fit(
    network: Any, shards: Sequence[Path | Shard], loss: Loss, schedule: Schedule, folder: Path | None = None
) -> Any:
    """Train ``network`` on every shard ``schedule.passes`` times; returns it.

    With a ``folder`` the state is kept there after each shard, and a fit that was interrupted goes on from it.
    """
    keras = import_keras()
    total = len(shards) * schedule.passes
    size = _count(shards[0])
    steps = max(1, total * (size // schedule.batch_size))
    warmup = min(500, steps // 20 + 1)
    rate = keras.optimizers.schedules.CosineDecay(
        1e-5, steps - warmup, warmup_target=schedule.learning_rate, warmup_steps=warmup
    )
    optimizer = keras.optimizers.AdamW(rate, weight_decay=schedule.weight_decay, clipnorm=2.0)
    network.compile(optimizer=optimizer, loss=loss, metrics=["sparse_categorical_accuracy"], jit_compile=False)
    done = _resume(network, folder)
    progress = tqdm(range(total), initial=done, total=total, desc=network.name)
    for number in range(done, total):
        report = _fit_shard(network, shards[number % len(shards)], schedule, number)
        progress.update()
        progress.set_postfix(report)
        logger.info("%s: shard %d of %d: %s", network.name, number + 1, total, report)
        _keep(network, folder, number + 1)
    progress.close()
    return network


def _count(shard: Path | Shard) -> int:
    return len((read_shard(shard) if isinstance(shard, Path) else shard)[1])


def _fit_shard(network: Any, shard: Path | Shard, schedule: Schedule, number: int) -> dict[str, float]:
    crops, classes = read_shard(shard) if isinstance(shard, Path) else shard
    random = np.random.default_rng([schedule.seed, 7, number])
    order = random.permutation(len(classes))
    size = schedule.batch_size
    sums: dict[str, float] = {}
    starts = range(0, len(order) - size + 1, size)
    for start in starts:
        chosen = order[start : start + size]
        report = network.train_on_batch(jittered(crops[chosen], random), classes[chosen], return_dict=True)
        for name, value in report.items():
            sums[name] = sums.get(name, 0.0) + float(value)
    return {name: round(value / max(len(starts), 1), 4) for name, value in sums.items()}


def jittered(crops: npt.NDArray[Any], random: np.random.Generator) -> npt.NDArray[Any]:
    """The batch moved by up to a pixel each way, half of it also turned, slanted and stretched a little.

    So later passes differ from the first; the other half stays what the normalizer makes.
    """
    down, across = (int(v) for v in random.integers(-1, 2, 2))
    moved = np.roll(crops, (down, across), axis=(1, 2))
    size = moved.shape[1]
    center = (size - 1) / 2
    for row in np.flatnonzero(random.random(len(moved)) < JITTERED_SHARE):
        turn, slant, wide, high = random.normal(0, (0.05, 0.06, 0.04, 0.04))
        matrix = np.array([[1 + wide, slant - turn], [turn, 1 + high]])
        shift = center - matrix @ (center, center)
        turned = affine(moved[row], np.column_stack([matrix, shift]), size, size)
        moved[row] = turned.reshape(moved[row].shape)  # OpenCV drops an axis of one
    return moved


def _keep(network: Any, folder: Path | None, done: int) -> None:
    if folder is None:
        return
    folder.mkdir(parents=True, exist_ok=True)
    partial = folder / f"partial-{network.name}.keras"
    network.save(partial)
    partial.replace(folder / f"{network.name}.keras")
    arrays = {f"v{i:04d}": np.asarray(variable) for i, variable in enumerate(network.optimizer.variables)}
    partial = folder / f"partial-{network.name}.npz"
    np.savez(partial, **arrays)  # type: ignore[arg-type]
    partial.replace(folder / f"{network.name}-optimizer.npz")
    (folder / f"{network.name}.json").write_text(json.dumps({"shards": done}))


def _resume(network: Any, folder: Path | None) -> int:
    """Load the state kept in ``folder``, if any; the number of shards it has seen."""
    if folder is None or not (folder / f"{network.name}.json").exists():
        return 0
    done = int(json.loads((folder / f"{network.name}.json").read_text())["shards"])
    kept = import_keras().saving.load_model(folder / f"{network.name}.keras", compile=False)
    network.set_weights(kept.get_weights())
    state = folder / f"{network.name}-optimizer.npz"
    if state.exists():
        with np.load(state) as arrays:
            network.optimizer.build(network.trainable_variables)
            for variable, name in zip(network.optimizer.variables, arrays.files, strict=True):
                variable.assign(arrays[name])
    logger.info("%s: going on after %d shards", network.name, done)
    return done
