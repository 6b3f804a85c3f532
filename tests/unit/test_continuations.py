from __future__ import annotations

from hcr_scan.geometry import BoundingBox
from hcr_scan.segmentation.candidates import Candidate, Chunk, SegmentedCell, SegmentedField, SegmentedLine
from hcr_scan.segmentation.continuations import continued


def chunk(left: int, top: int = 0, size: int = 20) -> Chunk:
    return Chunk((Candidate(0, 1, BoundingBox(left, top, left + size, top + size), left),))


def field(*lefts: int, kind: str = "box", top: int = 0) -> SegmentedField:
    chunks = [chunk(left, top) for left in lefts]
    cells = tuple(SegmentedCell(c.candidates[0].box, c) for c in chunks)
    return SegmentedField(kind, BoundingBox(lefts[0] - 5, top - 5, lefts[-1] + 25, top + 25), cells)


def lefts(written: SegmentedField) -> list[int]:
    return [cell.box.left for cell in written.cells]


def test_writing_that_goes_on_behind_or_before_its_box_belongs_to_it():
    line = SegmentedLine(((chunk(10),), (chunk(40),), (chunk(160), chunk(190))))
    fields, lines = continued([field(70, 100, 130)], [line])
    assert lefts(fields[0]) == [10, 40, 70, 100, 130, 160, 190]
    assert fields[0].box == BoundingBox(10, -5, 210, 25)
    assert lines == ()


def test_other_writing_stays_where_it_is():
    far, below = ((chunk(300),), (chunk(70, top=60),))
    fields, lines = continued([field(70, 100)], [SegmentedLine((far, below))])
    assert lefts(fields[0]) == [70, 100]
    assert lines == (SegmentedLine((far, below)),)


def test_what_stands_behind_the_last_cell_of_a_comb_stays_a_line():
    line = SegmentedLine(((chunk(130),),))
    assert continued([field(70, 100, kind="cells")], [line]) == ((field(70, 100, kind="cells"),), (line,))


def test_a_box_of_several_lines_is_left_alone():
    rows = field(70, 100)
    several = SegmentedField("box", rows.box, rows.cells + field(70, 100, top=60).cells)
    line = SegmentedLine(((chunk(130),),))
    assert continued([several], [line]) == ((several,), (line,))
