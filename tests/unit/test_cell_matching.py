from __future__ import annotations

import numpy as np
import pytest

from hcr_scan.geometry import BoundingBox
from hcr_scan.images import Components
from hcr_scan.segmentation.frames.cell_matching import faint_lines, match_cells
from hcr_scan.segmentation.frames.comb_families import CellFamily
from hcr_scan.segmentation.frames.combs import Comb
from hcr_scan.segmentation.ink.binarization import Paper, flatten_light
from tests.frames import Page, draw_comb, fill, nearly, printed, strong_pieces, with_grain
from tests.strokes import blank_page, draw_text

FAINT, DARK = 24, 200


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(11)


@pytest.fixture
def page() -> Page:
    return blank_page(1000, 900)


def seen(page: Page, rng: np.random.Generator) -> tuple[Paper, Components]:
    paper = flatten_light(with_grain(printed(page), rng))
    return paper, strong_pieces(paper)


def family_of(cells: list[BoundingBox]) -> CellFamily:
    members = np.array([(c.left, c.top, c.right, c.bottom) for c in cells], np.int32)
    return CellFamily(40.0, 48.0, 42.0, 20.0, 20.0, members)


def matched(page: Page, known: list[BoundingBox], rng: np.random.Generator) -> list[Comb]:
    paper, pieces = seen(page, rng)
    family = family_of(known)
    lines = faint_lines(paper.darkness, pieces, family)
    assert lines is not None
    return match_cells(paper.darkness, family, lines)


def assert_rows(found: list[Comb], drawn: list[list[BoundingBox]]) -> None:
    rows = sorted((comb.cells for comb in found), key=lambda row: (row[0].top // 20, row[0].left))
    assert [len(row) for row in rows] == [len(row) for row in drawn]
    for row, cells in zip(rows, drawn, strict=True):
        assert all(nearly(box, cell, 3) for box, cell in zip(row, cells, strict=True))


def test_every_cell_of_the_size_is_found_through_its_writing(page, rng):
    known = draw_comb(page, 60, 80, 16, darkness=FAINT)
    pairs = [draw_comb(page, 60 + 200 * k, 220, 2, darkness=FAINT) for k in range(4)]
    single = draw_comb(page, 500, 380, 1, darkness=FAINT)
    for cells in (*pairs, single):
        fill(page, cells, "MX", rng, pen=5.0, shift=14.0)  # type: ignore[arg-type]
    assert_rows(matched(page, known, rng), [known, *pairs, single])


def test_print_and_writing_without_frames_are_no_cells(page, rng):
    known = draw_comb(page, 60, 80, 16, darkness=FAINT)
    for k in range(5):
        draw_text(page, "HIM ELF TUB NET 1417", 60, 220 + 100 * k, 30 + 8 * k, 4, rng)
    assert_rows(matched(page, known, rng), [known])


def test_a_cell_that_hardly_shows_is_found_beside_another_only(page, rng):
    known = draw_comb(page, 60, 80, 16, darkness=FAINT)
    fill(page, known, "HOLM 27 UTAH 9", rng)
    row, alone = draw_comb(page, 60, 220, 5, darkness=FAINT), draw_comb(page, 600, 220, 1, darkness=FAINT)
    for cell in (row[2], alone[0]):  # most of the upper rail and of the lower one is gone
        page[cell.top - 4 : cell.top, cell.left + 4 : cell.right - 12] = 0
        page[cell.bottom : cell.bottom + 4, cell.left + 4 : cell.right - 12] = 0
    assert_rows(matched(page, known, rng), [known, row])


def test_lines_as_dark_as_the_pen_are_not_faint(page, rng):
    cells = draw_comb(page, 60, 80, 16, darkness=DARK)
    fill(page, cells, "ABCDEFGH", rng)
    paper, pieces = seen(page, rng)
    assert faint_lines(paper.darkness, pieces, family_of(cells)) is None


def test_too_few_cells_do_not_make_a_size(page, rng):
    cells = draw_comb(page, 60, 80, 5, darkness=FAINT)
    fill(page, cells, "ABC", rng)
    paper, pieces = seen(page, rng)
    assert faint_lines(paper.darkness, pieces, family_of(cells)) is None
