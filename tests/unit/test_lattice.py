from __future__ import annotations

import pytest

from hcr_scan.assembly.lattice import choose_path
from hcr_scan.geometry import BoundingBox
from hcr_scan.segmentation.candidates import Candidate, Chunk

HEIGHT = 40


def lattice(widths: list[int], spans: list[tuple[int, int]], penalties: dict[int, float] | None = None) -> Chunk:
    """Pieces of the given widths between cuts, and candidates that span some of them."""
    edges = [sum(widths[:i]) for i in range(len(widths) + 1)]
    candidates = [
        Candidate(
            start, end, BoundingBox(edges[start], 0, edges[end], HEIGHT), i, penalty=(penalties or {}).get(i, 0.0)
        )
        for i, (start, end) in enumerate(spans)
    ]
    return Chunk(tuple(candidates), len(widths))


#: As segmentation hands it over: a cut costs a little, so that where all looks well the ink stays whole.
PAIR = lattice([30, 30], [(0, 2), (0, 1), (1, 2)], {2: 0.5})


def chosen(chunk: Chunk, certainties: list[float]) -> list[int]:
    return [choice.candidate.crop for choice in choose_path(chunk, certainties)]


def test_one_candidate_is_certain() -> None:
    (choice,) = choose_path(lattice([30], [(0, 1)]), [0.01])
    assert choice.posterior == 1.0


def test_two_good_halves_beat_a_whole_that_looks_like_nothing() -> None:
    assert chosen(PAIR, [0.05, 0.98, 0.97]) == [1, 2]


def test_one_good_whole_beats_doubtful_halves() -> None:
    assert chosen(PAIR, [0.98, 0.5, 0.6]) == [0]


def test_what_geometry_holds_against_a_cut_decides_where_both_look_good() -> None:
    assert chosen(PAIR, [0.99, 0.99, 0.99]) == [0]


def test_the_number_of_glyphs_is_neither_reward_nor_burden() -> None:
    """Three good letters of touching ink are not outvoted by a doubtful reading of the whole."""
    spans = [(0, 3), (0, 1), (1, 2), (2, 3), (0, 2), (1, 3)]
    assert chosen(lattice([30, 30, 30], spans), [0.4, 0.9, 0.9, 0.9, 0.2, 0.2]) == [1, 2, 3]


def test_geometry_counts_against_a_candidate() -> None:
    spans = [(0, 2), (0, 1), (1, 2)]
    assert chosen(lattice([30, 30], spans, {0: 5.0}), [0.95, 0.9, 0.9]) == [1, 2]


def test_a_hopeless_candidate_does_not_break_arithmetic() -> None:
    assert chosen(PAIR, [0.0, 0.0, 0.0]) == [0]


def test_the_order_of_candidates_makes_no_difference() -> None:
    backwards = Chunk(tuple(reversed(PAIR.candidates)), PAIR.cuts)
    assert choose_path(PAIR, [0.2, 0.9, 0.8]) == choose_path(backwards, [0.8, 0.9, 0.2])


def test_the_posterior_says_how_close_the_other_way_is() -> None:
    sure = choose_path(PAIR, [0.001, 0.98, 0.98])
    close = choose_path(PAIR, [0.8, 0.98, 0.98])
    assert min(choice.posterior for choice in sure) > 0.95
    assert max(choice.posterior for choice in close) < 0.8


def test_posteriors_of_the_candidates_over_a_piece_of_ink_sum_to_one() -> None:
    """Whichever way wins, what it leaves is the share of the other."""
    whole = choose_path(PAIR, [0.9, 0.9, 0.9])[0].posterior
    favoured = lattice([30, 30], [(0, 2), (0, 1), (1, 2)], {0: 2.0, 2: 0.5})
    halves = choose_path(favoured, [0.9, 0.9, 0.9])[0].posterior
    odds = whole / (1 - whole)
    assert (1 - halves) / halves == pytest.approx(odds * 2.718281828**-2, rel=1e-6)


def test_a_doubtful_cut_elsewhere_does_not_make_a_sure_glyph_doubtful() -> None:
    spans = [(0, 1), (1, 3), (1, 2), (2, 3), (0, 3)]
    choices = choose_path(lattice([30, 30, 30], spans), [0.99, 0.9, 0.95, 0.95, 0.0])
    assert choices[0].posterior > 0.95
    assert choices[1].posterior < 0.9


def test_a_lattice_with_a_gap_is_refused() -> None:
    with pytest.raises(ValueError, match="no path"):
        choose_path(lattice([30, 30, 30], [(0, 1), (2, 3)]), [0.9, 0.9])
