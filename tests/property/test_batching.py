"""The batching theorem: how crops are batched never changes an answer, nor which page it belongs to."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from hcr_scan.assembly.pages import assemble_page
from hcr_scan.classification import classify_pages
from hcr_scan.document import PageFailure, PageResult, Source
from hcr_scan.segmentation.candidates import SegmentedResult
from hcr_scan.settings import Settings
from tests.fakes import INFO, CrashingClassifier, EchoClassifier, NanClassifier, segmented_page

words = st.text("AB01XO", max_size=6)
results = st.lists(
    st.one_of(
        st.builds(lambda name, line: segmented_page(name, lines=[line]), st.text("abc", min_size=1, max_size=3), words),
        st.builds(lambda name: PageFailure(Source(name), "open", "damaged", "?"), st.text("abc", max_size=3)),
    ),
    max_size=12,
)
classifiers = st.sampled_from([EchoClassifier, CrashingClassifier, NanClassifier])


def read(pages: list[SegmentedResult], classifier: EchoClassifier, batch_size: int) -> list[PageResult]:
    return [
        page if isinstance(page, PageFailure) else assemble_page(page.segmented, page.logits, INFO, Settings())
        for page in classify_pages(pages, classifier, batch_size)
    ]


@given(results, classifiers, st.integers(1, 20))
def test_batching_never_changes_the_answer(
    pages: list[SegmentedResult], classifier: type[EchoClassifier], batch_size: int
) -> None:
    answer = read(pages, classifier(), batch_size)
    one_page_at_a_time = [result for page in pages for result in read([page], classifier(), 10_000)]
    assert answer == one_page_at_a_time
    assert [result.source for result in answer] == [page.source for page in pages]


@given(results, st.integers(1, 20))
def test_no_batch_is_larger_than_asked_for_and_only_the_last_need_be_smaller(
    pages: list[SegmentedResult], batch_size: int
) -> None:
    classifier = EchoClassifier()
    list(classify_pages(pages, classifier, batch_size))
    assert all(0 < size <= batch_size for size in classifier.calls)
    if len(pages) <= batch_size:
        assert all(size == batch_size for size in classifier.calls[:-1])
