from __future__ import annotations

from pathlib import Path

from hcr_scan.document import Verdict
from hcr_scan.review.corrections import Applied, corrected_pages
from hcr_scan.review.items import Filter, State
from hcr_scan.review.standing import Standing, standing
from tests.reviews import field, page, review_of


def test_what_is_decided_is_what_apply_takes_in_one_pass_and_in_two(tmp_path: Path) -> None:
    form = page("/in/a", *(field(name, "AB", doubtful=[0]) for name in "abcdef"), field("sure", "AB"))
    with review_of(tmp_path, [form]) as store:
        once, alike, apart, settled, second, _ = (item.id for item in store.queue(Filter(State.ALL)))
        said = (
            (once, 1, "X"), (alike, 1, "X"), (alike, 2, "X"), (apart, 1, "X"), (apart, 2, "Y"),
            (settled, 1, "X"), (settled, 2, "Y"), (settled, 3, "Z"), (second, 2, "X"),
        )  # fmt: skip
        for number, pass_, value in said:
            store.decide(number, pass_, "ann", Verdict.CORRECTED, value, 0.0)
        for passes, expected in ((1, Standing(5, 1)), (2, Standing(2, 4, once=2, different=1))):
            store.passes = passes
            applied = Applied()
            list(corrected_pages([form], store, applied))
            assert standing(store) == expected
            assert (sum(applied.verdicts.values()), applied.open) == (expected.decided, expected.open)
        assert str(standing(store)) == "2 decided, 4 open (2 entered once, 1 differ)"
