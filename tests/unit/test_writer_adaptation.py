from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from hcr_scan.assembly.pages import assemble_page
from hcr_scan.assembly.writer_adaptation import in_writers_hand
from hcr_scan.document import Page, Status
from hcr_scan.geometry import BoundingBox
from hcr_scan.model.bundle import ModelInfo
from hcr_scan.segmentation.candidates import Candidate, Chunk, SegmentedCell, SegmentedField, SegmentedPage
from hcr_scan.settings import Settings
from hcr_scan.writer_style import StyleTable
from tests.fakes import INFO, box_at, crops_of, segmented_page

#: U's and V's whose writers differ in how open they are, the one logit less the other.
STYLE = StyleTable("UV", np.array([[1.0], [-1.0]]), np.array([[1.0], [-1.0]]), np.array([20.0]))
KNOWING = ModelInfo(labels=("U", "V", "X", ""), crop_spec=INFO.crop_spec, style=STYLE)
UNKNOWING = replace(KNOWING, style=None)
SETTINGS = Settings(charset="UVX")

#: Logits of this hand's U's, which anybody would know, and of its V's; then one in doubt, and scrap.
U, V, DOUBTFUL, SCRAP = [12.0, 0.0, 0.0, 0.0], [0.0, 4.0, 0.0, 0.0], [6.0, 6.2, 0.0, 5.0], [0.0, 0.0, 0.0, 3.0]


def page_of(*rows: list[float], crossed_out: int | None = None) -> tuple[SegmentedPage, np.ndarray]:
    cells = tuple(
        SegmentedCell(box_at(k), Chunk((Candidate(0, 1, box_at(k), k, crossed_out=k == crossed_out),)))
        for k in range(len(rows))
    )
    fields = tuple(SegmentedField("cells", cell.box, (cell,)) for cell in cells)
    segmented = replace(segmented_page(), fields=fields, crops=crops_of("U" * len(rows)))
    return segmented, np.array(rows, np.float32)


def read(info: ModelInfo, *rows: list[float], crossed_out: int | None = None) -> Page:
    segmented, logits = page_of(*rows, crossed_out=crossed_out)
    return assemble_page(segmented, logits, info, SETTINGS)


def test_what_is_in_doubt_is_read_as_the_same_hand_writes_it() -> None:
    """The doubtful one lies at -0.2; this hand's V's at -4 and its U's at 12, so that it is the likelier V."""
    rows = (U, U, U, U, V, V, V, V, DOUBTFUL)
    before, after = (read(info, *rows).fields[-1] for info in (UNKNOWING, KNOWING))
    assert (before.value, after.value) == ("V", "V")
    assert after.confidence > before.confidence + 0.05


def test_readings_that_are_sure_are_left_as_they_are() -> None:
    rows = (U, U, U, [11.0, 0.0, 0.0, 0.0], DOUBTFUL)
    before, after = (read(info, *rows).fields for info in (UNKNOWING, KNOWING))
    assert [field.confidence for field in after[:-1]] == [field.confidence for field in before[:-1]]
    assert after[-1] != before[-1]


def test_how_probably_ink_is_no_character_is_left_to_the_ink() -> None:
    segmented, logits = page_of(U, U, U, U, DOUBTFUL)
    page = assemble_page(segmented, logits, UNKNOWING, SETTINGS)
    adapted = in_writers_hand(segmented, page, logits, KNOWING, "UV")
    assert adapted is not None
    assert adapted[-1, 0] != logits[-1, 0]
    assert np.logaddexp(*adapted[-1, :2]) == pytest.approx(np.logaddexp(*logits[-1, :2]), abs=1e-5)
    assert adapted[-1, 3] == logits[-1, 3]
    np.testing.assert_array_equal(adapted[:-1], logits[:-1])


def test_without_a_table_doubt_or_examples_there_is_nothing_to_say() -> None:
    for info, rows in ((UNKNOWING, (U, U, DOUBTFUL)), (KNOWING, (U, U, U)), (KNOWING, (DOUBTFUL, SCRAP))):
        segmented, logits = page_of(*rows)
        page = assemble_page(segmented, logits, UNKNOWING, SETTINGS)
        assert in_writers_hand(segmented, page, logits, info, "UVX") is None


def test_what_is_crossed_out_is_no_example() -> None:
    segmented, logits = page_of(U, DOUBTFUL, crossed_out=0)
    page = assemble_page(segmented, logits, UNKNOWING, SETTINGS)
    assert page.fields[0].status is Status.REJECTED
    assert in_writers_hand(segmented, page, logits, KNOWING, "UVX") is None


def test_other_cuts_of_ink_in_doubt_are_weighed_up_too_and_it_is_no_example_for_them() -> None:
    segmented, logits = page_of(U, U, U, [5.0, 3.5, 0.0, 0.0], [5.0, 4.0, 0.0, 0.0])
    half = BoundingBox(0, 60, 10, 110)
    chunk = Chunk((Candidate(0, 2, box_at(3), 3), Candidate(0, 1, half, 4), Candidate(1, 2, half, 4)), 2)
    touching = SegmentedField("cells", box_at(3), (SegmentedCell(box_at(3), chunk),))
    segmented = replace(segmented, fields=(*segmented.fields[:3], touching))
    page = assemble_page(segmented, logits, UNKNOWING, SETTINGS)
    adapted = in_writers_hand(segmented, page, logits, KNOWING, "UVX")
    assert adapted is not None
    assert (adapted[3:5, 0] != logits[3:5, 0]).all()
