from __future__ import annotations

import numpy as np

from hcr_scan.segmentation.frames.enclosures import enclosed_boxes


def page_with(*boxes: tuple[int, int, int, int]) -> np.ndarray:
    """A mask of frames two pixels thick around the insides (left, top, right, bottom)."""
    frame = np.zeros((600, 400), np.uint8)
    for left, top, right, bottom in boxes:
        frame[top - 2 : bottom + 2, left - 2 : right + 2] = 255
        frame[top:bottom, left:right] = 0
    return frame


def test_boxes_are_found_where_they_are_however_much_paper_lies_between():
    boxes = [(50, 40, 90, 85), (200, 41, 260, 80), (60, 500, 120, 560)]
    assert enclosed_boxes(page_with(*boxes)).tolist() == [list(box) for box in boxes]


def test_a_page_without_frames_encloses_nothing():
    assert enclosed_boxes(np.zeros((600, 400), np.uint8)).shape == (0, 4)


def test_a_box_open_below_is_none_even_where_nothing_follows():
    frame = page_with((50, 40, 90, 85))
    frame[85:, 50:90] = 0
    assert enclosed_boxes(frame).shape == (0, 4)


def test_the_loop_of_a_letter_is_no_box():
    y, x = np.mgrid[:600, :400]
    distance = np.hypot(x - 200, y - 300)
    ring = ((distance > 40) & (distance < 46)).astype(np.uint8) * 255
    assert enclosed_boxes(ring).shape == (0, 4)


def test_the_inside_of_a_round_logo_is_no_box_and_one_with_round_corners_is():
    y, x = np.mgrid[:600, :400]
    logo = np.where((np.hypot(x - 200, y - 300) > 75) & (np.hypot(x - 200, y - 300) < 130), 255, 0).astype(np.uint8)
    assert enclosed_boxes(logo).shape == (0, 4)
    # Corners of a radius of a fifth of the side: how far a pixel lies beyond the rectangle of the four centers.
    beyond = np.hypot(np.maximum(np.abs(x - 200) - 45, 0), np.maximum(np.abs(y - 300) - 45, 0))
    rounded = np.where((beyond > 30) & (beyond < 34), 255, 0).astype(np.uint8)
    assert len(enclosed_boxes(rounded)) == 1
