"""What size and position say, on glyphs whose crops leave it open."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hcr_scan.placement import Metrics, Placement, PlacementTable, Row, leveled

LABELS = (*"ACOXacoxp.,-", "")
TALL: Row = (0.3, 0.3, 0.07, 0.0, 0.14, 0.0, 0.0)
LOW: Row = (0.3, 0.2, 0.046, -0.42, 0.14, 1.0, 0.0)
TABLE = PlacementTable(
    dict.fromkeys("ACOX", TALL)
    | dict.fromkeys("acox", LOW)
    | {
        "p": (0.8, 0.46, 0.1, 0.12, 0.16, 0.4, 0.0),
        ".": (0.5, 0.06, 0.1, -1.8, 0.38, 0.5, 1.0),
        ",": (0.7, 0.05, 0.1, -1.07, 0.38, 0.5, 1.0),
        "-": (0.2, 0.4, 0.12, -0.8, 0.35, 0.5, 1.0),
    }
)
CHARSET = "".join(LABELS)
#: Top and bottom in capital heights above the baseline, and width.
SHAPES = {"T": (1.0, 0.0, 0.7), "l": (0.64, 0.0, 0.6), "g": (0.65, -0.4, 0.6), ".": (0.15, 0.0, 0.15),
          ",": (0.14, -0.2, 0.15), "-": (0.46, 0.4, 0.4)}  # fmt: skip

Floats = npt.NDArray[np.float64]


def crops(*readings: str) -> npt.NDArray[np.float32]:
    """Rows that say of each glyph: any of these, equally."""
    rows = np.zeros((len(readings), len(LABELS)), np.float32)
    for row, characters in zip(rows, readings, strict=True):
        for character in characters:
            row[LABELS.index(character)] = 0.98 / len(characters)
        row[-1] = 0.02
    return rows


def edges(shapes: str, height: float = 40.0, baseline: float = 100.0) -> tuple[Floats, Floats, Floats]:
    top, bottom, width = np.array([SHAPES[shape] for shape in shapes]).T
    return baseline - height * top, baseline - height * bottom, height * width


def placed(rows: npt.NDArray[np.float32], at: tuple[Floats, Floats, Floats]) -> npt.NDArray[np.float32]:
    placement = Placement.of(TABLE, LABELS, CHARSET)
    assert placement is not None
    return placement.weigh(rows, *at, Metrics.of_line(at[0], at[1]))


def text(rows: npt.NDArray[np.float32]) -> str:
    return "".join(LABELS[i] for i in rows.argmax(axis=1))


def test_letter_case_is_read_from_the_neighbors() -> None:
    assert text(placed(crops("A", "Cc", "A", "Oo", "Xx"), edges("TTTll"))) == "ACAox"
    assert text(placed(crops("p", "Cc", "a", "Oo", "p"), edges("gllTg"))) == "pcaOp"


def test_a_line_that_could_be_either_stays_open() -> None:
    rows = crops("Oo", "Cc", "Xx", "Oo")
    for shapes in ("TTTT", "llll"):
        found = placed(rows, edges(shapes))
        assert np.abs(found[0, LABELS.index("O")] - 0.5) < 0.15
    mixed = placed(rows, edges("TlTl"))
    assert text(mixed) == "OcXo"


def test_full_stop_comma_and_dash_are_told_by_place_and_length() -> None:
    rows = crops("A", ".,-", "A", ".,-", "C", ".,-", "O")
    assert text(placed(rows, edges("T.T,T-T"))) == "A.A,C-O"
    assert text(placed(crops("A", "O.", "C"), edges("T.T"))) == "A.C"


def test_a_dash_of_a_hand_is_rather_a_dash_than_nothing() -> None:
    rows = crops("A", "-", "A")
    rows[1, LABELS.index("-")], rows[1, -1] = 0.4, 0.6
    assert text(placed(rows, edges("T-T")))[1] == "-"


def test_one_glyph_in_a_cell_is_compared_with_the_cell() -> None:
    placement = Placement.of(TABLE, LABELS, CHARSET)
    assert placement is not None
    top, bottom, width = edges("T", 0.62, 0.83)
    assert text(placement.weigh(crops("O."), top, bottom, width, Metrics.of_cells())) == "O"
    top, bottom, width = edges(".", 0.62, 0.83)
    assert text(placement.weigh(crops("O."), top, bottom, width, Metrics.of_cells())) == "."


def test_without_a_table_or_a_difference_there_is_no_evidence() -> None:
    assert Placement.of(None, LABELS, CHARSET) is None
    assert Placement.of(TABLE, LABELS, "ACOX") is None
    assert Placement.of(TABLE, LABELS, "ACOX.") is not None


@given(
    scale=st.floats(0.2, 20),
    shift=st.floats(-5000, 5000),
    shapes=st.text("Tlg.,-", min_size=2, max_size=30),
    data=st.data(),
)
def test_scale_and_shift_of_a_line_change_nothing(scale: float, shift: float, shapes: str, data: st.DataObject) -> None:
    readings = [data.draw(st.text("".join(LABELS), min_size=1, max_size=4)) for _ in shapes]
    rows = crops(*readings)
    top, bottom, width = edges(shapes)
    once = placed(rows, (top, bottom, width))
    again = placed(rows, (scale * top + shift, scale * bottom + shift, scale * width))
    assert np.allclose(once, again, atol=1e-4)
    assert np.allclose(once.sum(axis=1), rows.sum(axis=1) / rows.sum(axis=1), atol=1e-5)


@given(shapes=st.text("Tlg.,-", min_size=2, max_size=13), data=st.data())
def test_the_order_of_neighbors_does_not_matter(shapes: str, data: st.DataObject) -> None:
    readings = [data.draw(st.text("".join(LABELS), min_size=1, max_size=4)) for _ in shapes]
    order = np.array(data.draw(st.permutations(range(len(shapes)))), np.intp)
    rows = crops(*readings)
    top, bottom, width = edges(shapes)
    once = placed(rows, (top, bottom, width))
    again = placed(rows[order], (top[order], bottom[order], width[order]))
    assert np.allclose(once[order], again, atol=1e-4)


def test_a_sloping_line_is_leveled() -> None:
    left = np.arange(10) * 30.0
    heights = np.array([40, 25] * 5)
    boxes = np.column_stack((left, 100 - heights + 0.05 * left, left + 20, 100 + 0.05 * left))
    flat = leveled(boxes)
    assert np.ptp(flat[:, 1]) < 1
    assert np.array_equal(leveled(boxes[:3]), boxes[:3, (1, 3)])


def test_the_table_survives_the_manifest() -> None:
    assert PlacementTable.read(TABLE.document()) == TABLE
    with pytest.raises(ValueError, match="version 2"):
        PlacementTable.read({**TABLE.document(), "version": 2})
    with pytest.raises(ValueError, match="seven numbers"):
        PlacementTable.read({"version": 1, "rows": {"A": [1, 2]}})
    with pytest.raises(ValueError, match="spread"):
        PlacementTable({"A": (0.3, 0.3, 0.0, 0.0, 0.14, 0.0, 0.0)})
