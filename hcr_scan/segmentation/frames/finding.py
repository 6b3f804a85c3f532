"""Cells and boxes from printed frames: what is closed by walls is proposed, what is regular is completed.

Several sources, because each fails where another holds. Enclosed paper (connected components of what is not frame)
finds boxes of any size and shape, but writing that crosses a wall or a wall too faint breaks it. Combs are therefore
fitted as models: rails above and below, walls at a constant pitch, each judged by the darkness a wall keeps over nearly
all of its height, which a letter does not. Where frames are much fainter than the pen, cells of the page's common size
are looked for everywhere by a filter, which sees walls through the writing.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hcr_scan.geometry import BoundingBox, union_of
from hcr_scan.images import Components, above, connected_components, difference
from hcr_scan.segmentation.frames.cell_matching import faint_lines, match_cells
from hcr_scan.segmentation.frames.comb_families import cell_families
from hcr_scan.segmentation.frames.combs import Comb, fit_family
from hcr_scan.segmentation.frames.enclosures import (
    Boxes,
    crossing_level,
    enclosed_boxes,
    guide_level,
    guided_cells,
    without_parts,
)
from hcr_scan.segmentation.frames.evidence import gather_evidence
from hcr_scan.segmentation.frames.missed_cells import with_missed_cells
from hcr_scan.segmentation.frames.missed_walls import with_missed_walls
from hcr_scan.segmentation.frames.open_combs import find_open_combs
from hcr_scan.segmentation.frames.railed_combs import railed_combs
from hcr_scan.segmentation.frames.repeated_shapes import repeated_cells
from hcr_scan.segmentation.frames.squares import square_rows
from hcr_scan.segmentation.frames.tables import table_rows
from hcr_scan.segmentation.frames.wall_chains import runs
from hcr_scan.segmentation.ink.binarization import Paper
from hcr_scan.segmentation.ink.rules import Rules, show_through

#: Smallest box outside a comb: loops of bold print are smaller.
SMALLEST_BOX = 24
#: A cell cuts through another when each reaches this share of the cell beyond the other.
CUT = 0.2


@dataclass(frozen=True, slots=True)
class Frames:
    """What the printed frames enclose, in working pixels.

    ``combs`` are rows of equal cells for one character each, left to right; ``boxes`` are other enclosed places.
    ``closed`` is everything that walls close, what combs take up included.
    """

    combs: tuple[tuple[BoundingBox, ...], ...]
    boxes: tuple[BoundingBox, ...]
    closed: tuple[BoundingBox, ...] = ()


def find_frames(paper: Paper, rules: Rules, pieces: Components) -> Frames:
    """All cells and boxes of a straightened page.

    Args:
        paper: the page's darkness.
        rules: its printed rules.
        pieces: of strong ink, for frames drawn too thick or too crooked to be rules.
    """
    level = connected_components(rules.horizontal)
    if through := show_through(paper, rules, level):
        paper, rules = _darker_than(through, paper, rules)
    evidence = gather_evidence(paper, rules, pieces)
    repeated = repeated_cells(paper.darkness, pieces)
    proposals = without_parts(enclosed_boxes(evidence.frame), repeated)
    whole = guided_cells(proposals, enclosed_boxes(evidence.drawn))
    guides = guide_level(paper.darkness, evidence, proposals, whole)
    proposals = without_parts(proposals, whole)
    families = cell_families(proposals, evidence)
    if not guides and families:
        guides = crossing_level(paper.darkness, families[0].members)
    if guides:
        paper, rules = _darker_than(guides, paper, rules)
        evidence = gather_evidence(paper, rules, pieces)
        proposals = without_parts(enclosed_boxes(evidence.frame), repeated)
        families = cell_families(proposals, evidence)
    if through or guides:
        level = connected_components(rules.horizontal)
    commonest = max((len(family.members) for family in families), default=0)
    lines = faint_lines(paper.darkness, pieces, families[0]) if families else None
    fitted = match_cells(paper.darkness, families[0], lines) if lines else []
    # Whole rows between two rails know more than fits along a part of them.
    railed = [] if lines else railed_combs(evidence, level)
    for family in families[1 if lines else 0 :]:
        combs = fit_family(evidence, family, level.boxes, commonest, railed)
        # One small cell by itself is as hard to tell from the loop of a letter as a small box is.
        least = 1 if min(family.width, family.height) >= SMALLEST_BOX else 2
        fitted += [comb for comb in combs if len(comb.cells) >= least]
    known = [family for family in families if family.is_common]
    tables = [row for family in known for row in table_rows(evidence, family)]
    closed = np.concatenate([*(family.members for family in known), _cells_of(tables)])
    fitted = [part for comb in fitted for part in between_closed(comb, closed)] + tables
    fitted += [row for family in families for row in square_rows(evidence, family)]
    cells = np.concatenate([*(family.members for family in families), _cells_of(railed)])
    open_combs = find_open_combs(paper, level, evidence, families, cells)
    fitted += [comb for comb in open_combs if not _divides_boxes(comb, proposals)]
    fitted.sort(key=lambda comb: (-comb.score, comb.cells))
    fitted = sorted(railed, key=lambda comb: (-comb.score, comb.cells)) + fitted
    rows, taken = _apart(fitted, paper.darkness.shape)
    rows = with_missed_cells(with_missed_walls(rows, evidence), evidence, pieces, taken)
    boxes = [box for row in proposals.tolist() if min((box := BoundingBox(*row)).width, box.height) >= SMALLEST_BOX]
    return Frames(tuple(rows), tuple(box for box in boxes if _is_free(taken[_core(box)])), tuple(boxes))


def _apart(combs: list[Comb], shape: tuple[int, ...]) -> tuple[list[tuple[BoundingBox, ...]], npt.NDArray[np.bool_]]:
    """Rows of cells of which no two share paper, from combs sorted from the surest; and the paper that they take."""
    rows: list[tuple[BoundingBox, ...]] = []
    taken = np.zeros(shape, bool)
    for comb in combs:
        free = tuple(cell for cell in comb.cells if not taken[_core(cell)].any())
        if len(free) < 0.7 * len(comb.cells):
            continue
        for cell in free:
            taken[cell.top : cell.bottom, cell.left : cell.right] = True
        rows.append(free)
    return rows, taken


def _darker_than(level: int, paper: Paper, rules: Rules) -> tuple[Paper, Rules]:
    """A page without what is no darker than ``level``: guides inside of cells, or the other side of the paper."""
    dark = above(paper.darkness, level)
    lighter = Paper(difference(paper.darkness, np.full_like(paper.darkness, level)), paper.noise)
    return lighter, Rules(rules.horizontal & dark, rules.vertical & dark)


def between_closed(comb: Comb, closed: Boxes) -> list[Comb]:
    """A comb without those of its cells that cut through closed cells of another size: a table beside it, say."""
    around = union_of(comb.cells)
    closed = closed[(closed[:, 0] < around.right) & (closed[:, 2] > around.left)]
    closed = closed[(closed[:, 1] < around.bottom) & (closed[:, 3] > around.top)]
    cells = np.array([(c.left, c.top, c.right, c.bottom) for c in comb.cells])[:, None]
    size = cells[..., 2:] - cells[..., :2]
    shared = np.minimum(cells[..., 2:], closed[:, 2:]) - np.maximum(cells[..., :2], closed[:, :2])
    beyond = (closed[:, :2] < cells[..., :2] - CUT * size) | (closed[:, 2:] > cells[..., 2:] + CUT * size)
    within = (cells[..., :2] < closed[:, :2] - CUT * size) | (cells[..., 2:] > closed[:, 2:] + CUT * size)
    crossing = (beyond[..., 0] & within[..., 1]) | (beyond[..., 1] & within[..., 0])
    cuts = (crossing & (shared > CUT * size).all(axis=2)).any(axis=1)
    if not cuts.any():
        return [comb]
    starts, ends = runs(~cuts)
    return [
        Comb(comb.cells[start:end], comb.score * (end - start) / len(comb.cells))
        for start, end in zip(starts.tolist(), ends.tolist(), strict=True)
    ]


def _divides_boxes(comb: Comb, boxes: Boxes) -> bool:
    """Whether most cells of a comb lie in larger closed boxes of which each holds a part: those are the cells then."""
    first, last = comb.cells[0], comb.cells[-1]
    parts = (boxes[:, 2] < last.right - last.width / 2) | (boxes[:, 0] > first.left + first.width / 2)
    large = ((boxes[:, 2:] - boxes[:, :2]) > 1.5 * np.array([first.width, first.height])).all(axis=1)
    others = boxes[parts & large]
    centers = np.array([cell.center for cell in comb.cells])[:, None]
    inside = np.asarray(((centers > others[:, :2]) & (centers < others[:, 2:])).all(axis=2))
    return bool(inside.any(axis=1).mean() > 0.5)


def _cells_of(combs: list[Comb]) -> Boxes:
    return np.array([cell.as_list() for comb in combs for cell in comb.cells], np.int32).reshape(-1, 4)


def _core(cell: BoundingBox) -> tuple[slice, slice]:
    """The middle of a cell, which a neighbor's wall does not reach."""
    dx, dy = cell.width // 4, cell.height // 4
    return slice(cell.top + dy, cell.bottom - dy), slice(cell.left + dx, cell.right - dx)


def _is_free(taken: npt.NDArray[np.bool_]) -> bool:
    """Whether hardly any of the paper of a box is taken."""
    return bool(np.count_nonzero(taken) <= 0.3 * taken.size)
