from __future__ import annotations

import numpy as np

from hcr_scan.geometry import BoundingBox, Homography
from hcr_scan.images import connected_components
from hcr_scan.segmentation.candidates import PageGeometry
from hcr_scan.segmentation.ink.binarization import Paper
from hcr_scan.segmentation.ink.rules import Rules
from hcr_scan.segmentation.places import InkPlace
from hcr_scan.segmentation.segment import StraightPage, _is_stroke


def test_a_frame_that_is_one_with_the_bars_of_its_headings_is_no_stroke():
    """And the loop of a stroke that is as large is one."""
    blank = np.zeros((600, 800), np.uint8)
    box = BoundingBox(103, 303, 697, 377)
    frame = blank.copy()
    frame[300:380, 100:700] = 255
    frame[box.top : box.bottom, box.left : box.right] = 0
    heading = frame.copy()
    heading[180:300, 100:700] = 255
    walls = blank.copy()
    walls[300:380, [100, 101, 102, 697, 698, 699]] = 255
    geometry = PageGeometry(800, 600, 200, 0, 0.0)
    for rules, stroke in ((Rules(frame, walls), False), (Rules(blank, walls), True)):
        pieces = connected_components((heading > 0).astype(np.uint8))
        page = StraightPage(Paper(heading, 1.0), heading, pieces, rules, Homography.scale(1.0), geometry)
        assert _is_stroke(InkPlace(box, (), ()), page) == stroke
