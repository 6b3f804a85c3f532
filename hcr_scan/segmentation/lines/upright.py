"""The slant of the writing, and where pieces of ink begin and end once it is taken out."""

from __future__ import annotations

import numpy as np

from hcr_scan.segmentation.ink.parts import Floats, Indices, InkParts, Scale

#: Slants looked at, in pixels to the right per pixel upwards.
SLANTS = np.arange(-4, 9) / 10.0
#: Letters, and pixels of each, that are looked at.
LETTERS, PIXELS = 48, 300
#: Slants up to this are left alone: boxes are right within a pen's width.
UPRIGHT = 0.08


def writing_slant(parts: InkParts, letters: Indices, scale: Scale) -> float:
    """How far stems lean to the right: the slant whose columns hold the ink most unevenly.

    Upright writing wins unless a slant is clearly better, since a few round letters look the same at any.
    """
    if len(letters) < 3:
        return 0.0
    picked = letters[np.unique(np.linspace(0, len(letters) - 1, LETTERS).astype(np.intp))]
    xs, ys, owners = [], [], []
    for owner, piece in enumerate(picked):
        rows, columns = np.nonzero(parts.shape(int(piece)))
        step = max(1, len(rows) // PIXELS)
        xs.append(columns[::step] / scale.stroke)
        ys.append(rows[::step] / scale.stroke)
        owners.append(np.full(len(xs[-1]), owner))
    x, y, owned = np.concatenate(xs), np.concatenate(ys), np.concatenate(owners)
    weights = 1.0 / np.bincount(owned)[owned]
    upright = x + SLANTS[:, None] * y
    columns = np.floor(upright - upright.min()).astype(np.intp)
    size = int(columns.max()) + 1
    keys = (np.arange(len(SLANTS))[:, None] * len(picked) + owned) * size + columns
    piled = np.bincount(keys.ravel(), np.tile(weights, len(SLANTS)), len(SLANTS) * len(picked) * size)
    score = (piled.reshape(len(SLANTS), -1) ** 2).sum(axis=1)
    best = int(np.argmax(score))
    level = int(np.flatnonzero(SLANTS == 0)[0])
    if score[best] < (1.06 + 0.5 / len(picked)) * score[level]:
        return 0.0
    if 0 < best < len(SLANTS) - 1:
        before, here, after = score[best - 1 : best + 2]
        curve = before - 2 * here + after
        shift = 0.5 * (before - after) / curve if curve < 0 else 0.0
        return float(SLANTS[best] + 0.1 * shift)
    return float(SLANTS[best])


def upright_spans(parts: InkParts, line: Indices, slant: float) -> Floats:
    """Left and right ``(n, 2)`` of each piece of a line with the slant taken out, level with the line's top."""
    boxes = parts.boxes[line]
    spans = boxes[:, (0, 2)].copy()
    if abs(slant) <= UPRIGHT:
        return spans
    reference = float(boxes[:, 1].min())
    for row, piece in enumerate(line):
        shape = parts.shape(int(piece))
        lean = slant * (boxes[row, 1] - reference + np.arange(len(shape)))
        spans[row, 0] = boxes[row, 0] + (shape.argmax(axis=1) + lean).min()
        spans[row, 1] = boxes[row, 2] + (lean - shape[:, ::-1].argmax(axis=1)).max()
    return spans
