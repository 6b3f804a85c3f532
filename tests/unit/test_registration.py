from __future__ import annotations

import math
import pickle
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from hcr_scan.forms.registration.register import Registration, prepare_blank, register
from hcr_scan.geometry import BoundingBox, Homography, quarter_turn
from hcr_scan.images import remap, warp
from hcr_scan.segmentation.ink.binarization import Paper, flatten_light, working_raster

WIDTH, HEIGHT = 1240, 1654
WORDS = (
    *(
        "surname",
        "given",
        "names",
        "date",
        "of",
        "birth",
        "address",
        "telephone",
        "account",
        "number",
        "branch",
        "code",
    ),
    *("signature", "place", "postcode", "income", "tax", "policy", "holder", "claim", "amount", "currency", "receipt"),
    *("vehicle", "make", "model", "insured", "doctor", "ward", "patient", "school", "grade", "parent", "teacher"),
)


def draw_form(labels: int, words: int = 2) -> np.ndarray:
    """A blank with rows of cells that are the same for all ``labels``, and words that are not."""
    random = np.random.default_rng(labels)
    image = Image.new("L", (WIDTH, HEIGHT), 255)
    pen = ImageDraw.Draw(image)
    font = ImageFont.load_default(22)
    for row in range(13):
        top = 120 + 110 * row
        for left in (100, 680):
            pen.text((left, top), " ".join(random.choice(WORDS, words)), fill=30, font=font)
            for cell in range(4 + (7 * row + left) % 9):
                pen.rectangle((left + 36 * cell, top + 36, left + 36 * cell + 36, top + 80), outline=110, width=2)
    return np.array(image)


def filled(blank: np.ndarray, seed: int = 1) -> np.ndarray:
    """The blank with something written in most of its cells, and a noisy scan's grain."""
    random = np.random.default_rng(seed)
    image = Image.fromarray(blank)
    pen = ImageDraw.Draw(image)
    for row in range(13):
        for left in (100, 680):
            for cell in range(4 + (7 * row + left) % 9):
                x, y = left + 36 * cell + 4, 120 + 110 * row + 42
                if random.random() < 0.4:
                    continue
                points = [(x + random.uniform(0, 28), y + random.uniform(0, 32)) for _ in range(4)]
                pen.line(points, fill=20, width=4)
    return np.clip(np.array(image) + random.normal(-5, 6, blank.shape), 0, 255).astype(np.uint8)


def seen(page: np.ndarray, to_page: Homography, width: int = WIDTH, height: int = HEIGHT) -> Paper:
    return flatten_light(working_raster(warp(page, to_page, width, height, fill=245))[0])


#: From pixels of the drawn pages to those that registration sees.
TO_WORKING = working_raster(np.zeros((HEIGHT, WIDTH), np.uint8))[1]


def corner_error(found: Registration | None, truth: Homography) -> float:
    """How far the corners are off, in pixels of the drawn page."""
    assert found is not None
    to_drawn = TO_WORKING.inverse() @ found.to_page
    corners = ((0, 0), (WIDTH, 0), (WIDTH, HEIGHT), (0, HEIGHT))
    return max(math.dist(to_drawn.point(*c), truth.point(*c)) for c in corners)


def turned(degrees: float, scale: float = 1.0) -> Homography:
    c, s = scale * math.cos(math.radians(degrees)), scale * math.sin(math.radians(degrees))
    x, y = WIDTH / 2, HEIGHT / 2
    return Homography((c, -s, x - c * x + s * y, s, c, y - s * x - c * y, 0.0, 0.0, 1.0))


WARPS = {
    "as it is": Homography.scale(1.0),
    "tilted": turned(-11),
    "tilted and smaller": turned(4, 0.85),
    "larger, so that margins are missing": turned(0, 1.07),
    "stretched": Homography((1.02, 0, -9.0, 0, 0.99, 4.0, 0, 0, 1.0)),
    "in perspective": Homography((0.9, 0.03, 20.0, -0.02, 0.92, 30.0, 0.00005, -0.00004, 1.0)),
}


@pytest.fixture(scope="module")
def blanks():
    return [prepare_blank(draw_form(labels)) for labels in range(5)]


@pytest.mark.parametrize("name", WARPS)
def test_a_filled_page_is_laid_onto_its_own_blank(blanks, name):
    found = register(seen(filled(draw_form(3)), WARPS[name]), blanks)
    assert corner_error(found, WARPS[name]) < 1.0
    assert found is not None
    assert found.index == 3
    assert found.match > 0.8


@pytest.mark.parametrize("turns", [1, 2, 3])
def test_quarter_turns_are_undone(blanks, turns):
    truth = quarter_turn(turns, WIDTH, HEIGHT)
    size = (HEIGHT, WIDTH) if turns % 2 else (WIDTH, HEIGHT)
    found = register(seen(filled(draw_form(1)), truth, *size), blanks)
    assert corner_error(found, truth) < 1.0


def test_the_same_frames_with_other_labels_are_another_form(blanks):
    page = seen(filled(draw_form(3)), turned(2))
    assert register(page, blanks[:3]) is None
    assert register(page, blanks[4:]) is None


def test_a_page_without_print_matches_nothing(blanks):
    assert register(flatten_light(np.full((HEIGHT, WIDTH), 250, np.uint8)), blanks) is None
    assert register(seen(filled(draw_form(3)), Homography.scale(1.0)), ()) is None


def test_a_blank_without_print_is_matched_by_nothing():
    empty = prepare_blank(np.full((HEIGHT, WIDTH), 250, np.uint8))
    assert register(seen(filled(draw_form(3)), Homography.scale(1.0)), [empty]) is None


def test_a_blank_of_another_resolution_maps_from_its_own_pixels():
    half = np.array(Image.fromarray(draw_form(3)).resize((WIDTH // 2, HEIGHT // 2), Image.Resampling.BOX))
    found = register(seen(filled(draw_form(3)), turned(3)), [prepare_blank(half)])
    assert found is not None
    assert corner_error(replace(found, to_page=found.to_page @ Homography.scale(0.5)), turned(3)) < 1.5


def test_a_filled_page_serves_as_blank_where_its_fields_are_left_out():
    fields = [
        BoundingBox(left, 157 + 110 * row, left + 470, 200 + 110 * row) for row in range(13) for left in (100, 680)
    ]
    blank = prepare_blank(filled(draw_form(3)), fields)
    found = register(seen(filled(draw_form(3), seed=8), turned(-2)), [blank])
    assert corner_error(found, turned(-2)) < 1.0


def test_registration_is_the_same_every_time_and_across_processes(blanks):
    page = seen(filled(draw_form(2)), turned(-6))
    assert register(page, blanks) == register(page, pickle.loads(pickle.dumps(blanks)))


def with_text(blank: np.ndarray, text: str, left: int, top: int) -> np.ndarray:
    image = Image.fromarray(blank)
    pen = ImageDraw.Draw(image)
    pen.rectangle((left, top, left + 300, top + 26), fill=255)
    pen.text((left, top), text, fill=30, font=ImageFont.load_default(22))
    return np.array(image)


def without(blank: np.ndarray, left: int, top: int, right: int, bottom: int) -> np.ndarray:
    result = blank.copy()
    result[top:bottom, left:right] = 255
    return result


NEAR_TWINS = {
    "another word": lambda blank: with_text(blank, "version two", 100, 560),
    "two labels fewer": lambda blank: without(without(blank, 90, 110, 600, 150), 90, 220, 600, 260),
    "a row of cells fewer": lambda blank: without(blank, 90, 590, 1200, 650),
}


@pytest.mark.parametrize("name", NEAR_TWINS)
@pytest.mark.parametrize("degrees", [0.0, 3.0])
def test_forms_that_differ_little_are_told_apart(name, degrees):
    forms = [draw_form(3), NEAR_TWINS[name](draw_form(3))]
    blanks = [prepare_blank(form) for form in forms]
    for index, form in enumerate(forms):
        for order in (1, -1):
            found = register(seen(filled(form) if order > 0 else form, turned(degrees)), blanks[::order])
            assert found is not None
            assert found.index == (index if order > 0 else 1 - index)


def draw_grid(columns: int, rows: int, title: str) -> np.ndarray:
    """A grid over most of a page, and a title above it."""
    image = Image.new("L", (WIDTH, HEIGHT), 255)
    pen = ImageDraw.Draw(image)
    pen.text((420, 60), title, fill=30, font=ImageFont.load_default(48))
    for x in np.linspace(100, 1140, columns + 1):
        pen.line((x, 160, x, 1560), fill=110, width=2)
    for y in np.linspace(160, 1560, rows + 1):
        pen.line((100, y, 1140, y), fill=110, width=2)
    return np.array(image)


@pytest.mark.parametrize("turns", [0, 2])
def test_a_grid_with_a_title_alone_is_found_by_both(turns):
    truth = quarter_turn(turns, WIDTH, HEIGHT)
    page = seen(draw_grid(15, 20, "Attendance list"), truth)
    assert corner_error(register(page, [prepare_blank(draw_grid(15, 20, "Attendance list"))]), truth) < 1.0
    assert register(page, [prepare_blank(draw_grid(13, 20, "Attendance list"))]) is None
    assert register(page, [prepare_blank(draw_grid(15, 20, "Chess tournament"))]) is None


def test_a_grid_without_a_word_is_refused_for_it_fits_in_many_ways():
    assert register(seen(draw_grid(15, 20, ""), turned(2)), [prepare_blank(draw_grid(15, 20, ""))]) is None


def curled(page: np.ndarray, most: float) -> np.ndarray:
    """The page as a sheet whose right half rises from the glass: rows wave by up to ``most`` pixels."""
    rows, columns = np.indices(page.shape, np.float32)
    wave = most * np.maximum(columns / WIDTH - 0.4, 0) ** 2 / 0.36
    return remap(page, columns, rows + wave, fill=245)


def test_a_curled_page_is_laid_flat(blanks):
    page = flatten_light(working_raster(curled(filled(draw_form(3)), 14))[0])
    found = register(page, blanks)
    assert found is not None
    assert found.index == 3
    flat = found.laid(page.darkness, Homography.scale(1.0), WIDTH, HEIGHT)
    plane = warp(page.darkness, found.to_page.inverse(), WIDTH, HEIGHT, fill=0)
    print_darkness = flatten_light(draw_form(3)).darkness
    on_print = print_darkness > 100
    assert np.mean(flat[on_print] > 60) > 0.97
    assert np.mean(plane[on_print] > 60) < 0.9


def test_a_flat_page_is_not_bent(blanks):
    paper = seen(filled(draw_form(3)), turned(4))
    found = register(paper, blanks)
    assert found is not None
    assert found.fit.bend is None
    flat = found.laid(paper.darkness, Homography.scale(0.5), WIDTH // 2, HEIGHT // 2)
    assert flat.shape == (HEIGHT // 2, WIDTH // 2)


def draw_office_form(title: str, captions: tuple[str, ...]) -> np.ndarray:
    """A form with few fields, and the sentences that all forms of an office have."""
    image = Image.new("L", (WIDTH, HEIGHT), 255)
    pen = ImageDraw.Draw(image)
    pen.text((110, 90), title, fill=30, font=ImageFont.load_default(40))
    font = ImageFont.load_default(22)
    pen.text((110, 150), "Please write one block letter or digit in each box, with a dark pen.", fill=30, font=font)
    pen.text((110, 1560), "Page printed by the office. Do not write below this line.", fill=30, font=font)
    for row, caption in enumerate(captions):
        pen.text((110, 240 + 150 * row), caption, fill=30, font=font)
        for cell in range(9 + len(caption)):
            left, top = 110 + 42 * cell, 270 + 150 * row
            pen.rectangle((left, top, left + 42, top + 50), outline=110, width=2)
    return np.array(image)


def test_the_sentences_that_forms_of_an_office_share_do_not_make_them_one():
    member = draw_office_form("Membership", ("Employer", "Occupation", "Vehicle"))
    order = draw_office_form("Order by fax", ("Customer", "Article no", "Pieces"))
    for own, other in ((member, order), (order, member)):
        blank = prepare_blank(own)
        assert corner_error(register(seen(own, turned(3)), [blank]), turned(3)) < 1.0
        assert register(seen(other, turned(3)), [blank]) is None
