from __future__ import annotations

import itertools
import pickle
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import hcr_scan
from hcr_scan.arrays import transcribe_image
from hcr_scan.classification import ClassifiedPage, classify_pages
from hcr_scan.document import PageFailure, Source
from hcr_scan.engines.base import Loss, Lost
from hcr_scan.errors import InputError, ModelError, UsageError
from hcr_scan.forms.template import FieldKind, Knowledge, Template, TemplateField, TemplatePage
from hcr_scan.geometry import BoundingBox
from hcr_scan.pipeline import segment_pages, transcribe
from hcr_scan.segmentation.candidates import SegmentedPage, SegmentedResult
from hcr_scan.settings import Settings, SourceSettings
from hcr_scan.sources import PageRef, failure_text
from hcr_scan.worker import PageTask, failure_of, segment_page
from tests.fakes import (
    INFO,
    LABELS,
    CrashingClassifier,
    EchoClassifier,
    NanClassifier,
    WrongShapeClassifier,
    segmented_page,
)

FAILURE = PageFailure(Source("bad.png"), "open", "not_an_image", "no image")


def read(page: ClassifiedPage | PageFailure) -> str:
    if isinstance(page, PageFailure):
        return page.error
    return "".join(LABELS[i] for i in page.logits.argmax(axis=1))


def test_pages_come_back_whole_and_in_order_with_batches_filled_across_them() -> None:
    classifier = EchoClassifier()
    pages: list[SegmentedResult] = [
        segmented_page(str(i), lines=[text]) for i, text in enumerate(["ABC", "DE", "FGHIJ"])
    ]
    pages.insert(1, FAILURE)
    pages.append(segmented_page("blank"))

    result = list(classify_pages(pages, classifier, batch_size=4))

    assert [read(page) for page in result] == ["ABC", "not_an_image", "DE", "FGHIJ", ""]
    assert classifier.calls == [4, 4, 2]


def test_only_as_many_pages_are_pulled_as_fill_a_batch() -> None:
    pulled = 0

    def endless() -> Iterator[SegmentedPage]:
        nonlocal pulled
        for pulled in itertools.count(1):  # noqa: B007
            yield segmented_page(lines=["ABCDE"])

    pages = classify_pages(endless(), EchoClassifier(), batch_size=10)
    next(pages)
    assert pulled == 2


def test_blank_pages_behind_a_page_with_little_on_it_do_not_pile_up() -> None:
    def one_glyph_then_blanks() -> Iterator[SegmentedPage]:
        yield segmented_page(lines=["A"])
        for number in range(50):
            assert number < 20, "pages pile up"
            yield segmented_page("blank")

    pages = classify_pages(one_glyph_then_blanks(), EchoClassifier(), batch_size=10)
    assert read(next(pages)) == "A"


def test_a_batch_that_fails_costs_only_the_guilty_page() -> None:
    texts = ["AB", "CXD", "EF", "GH"]
    pages = [segmented_page(text, lines=[text]) for text in texts]
    result = list(classify_pages(pages, CrashingClassifier("X"), batch_size=4))

    assert [read(page) for page in result] == ["AB", "classifier", "EF", "GH"]
    failure = result[1]
    assert isinstance(failure, PageFailure)
    assert (failure.stage, failure.source.path) == ("classify", "CXD")
    assert "out of memory, says the driver" in failure.message


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_answers_that_are_not_numbers_fail_their_page_and_no_other(value: float) -> None:
    pages = [segmented_page(text, lines=[text]) for text in ["AB", "CXD", "EF"]]
    result = list(classify_pages(pages, NanClassifier("X", value), batch_size=100))
    assert [read(page) for page in result] == ["AB", "not_finite", "EF"]


def test_a_classifier_of_another_shape_ends_the_run() -> None:
    with pytest.raises(ModelError, match="shape"):
        list(classify_pages([segmented_page(lines=["AB"])], WrongShapeClassifier(), batch_size=4))


def test_what_goes_to_a_worker_and_comes_back_can_be_pickled(tmp_path: Path) -> None:
    ref = PageRef(str(tmp_path / "missing.png"), 0, 1, "0" * 64)
    task = pickle.loads(pickle.dumps(PageTask(ref, Settings(), INFO.crop_spec)))
    result = pickle.loads(pickle.dumps(segment_page(task)))
    assert isinstance(result, PageFailure)
    assert result.source == ref.source

    page = segmented_page(lines=["AB"])
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(page)).crops, page.crops)


def test_nothing_happens_before_the_first_page_is_asked_for(tmp_path: Path) -> None:
    pages = transcribe(tmp_path / "missing.png", EchoClassifier())
    with pytest.raises(InputError):
        next(pages)


def test_settings_that_cannot_be_meant_stop_a_run_at_once(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"not an image")
    with pytest.raises(UsageError, match="charset"):
        next(transcribe(tmp_path, EchoClassifier(), Settings(charset="AÄ")))
    box = BoundingBox(0, 0, 9, 9)
    field = TemplateField("name", FieldKind.LINE, box, knowledge=Knowledge(charset="AÄ"))
    template = Template("form", (TemplatePage(1, 9, 9, 200, Path("x"), (field,)),))
    with pytest.raises(UsageError, match="form: name: the field takes 'Ä', which this model"):
        next(transcribe(tmp_path, EchoClassifier(), templates=[template]))
    with pytest.raises(UsageError, match="form: name: the field takes 'Ä', which this model"):
        transcribe_image(np.full((9, 9), 255, np.uint8), EchoClassifier(), templates=[template])
    with pytest.raises(UsageError, match="pages"):
        next(transcribe(tmp_path, EchoClassifier(), Settings(source=SourceSettings(pages="x"))))


def test_a_page_network_that_cannot_be_used_stops_a_run_at_once(tmp_path: Path) -> None:
    class Unusable(EchoClassifier):
        page_model = tmp_path / "page.onnx"

    shipped = Path(hcr_scan.__file__).parent / "models" / "default"
    for content in (b"junk", (shipped / "model.onnx").read_bytes()):  # the second loads, and reads other crops
        Unusable.page_model.write_bytes(content)
        with pytest.raises(ModelError, match=r"page\.onnx cannot be used"):
            next(transcribe("examples/forms/orders.tif", Unusable()))
        with pytest.raises(ModelError, match=r"page\.onnx cannot be used"):
            transcribe_image(np.full((9, 9), 255, np.uint8), Unusable())


def test_a_file_that_is_no_image_is_a_record_in_its_place(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"not an image")
    (tmp_path / "b.png").write_bytes(b"")
    results = list(transcribe(tmp_path, EchoClassifier()))
    assert [Path(result.source.path).name for result in results] == ["a.png", "b.png"]
    assert all(isinstance(result, PageFailure) and result.stage == "open" for result in results)


@pytest.mark.parametrize("error", [MemoryError(), RuntimeError("std::bad_alloc"), ValueError("Insufficient memory")])
def test_want_of_memory_is_told_as_such(error: Exception) -> None:
    failure = failure_of(Source("a.pdf", 2, 3), "segment", error)
    assert failure.error == "memory"
    assert failure_text(failure).startswith("a.pdf, page 2 of 3 needs more memory")


class LosingEngine:
    """Loses the listing of ``lost.png`` and the second page of everything else."""

    elsewhere = False

    def map(self, function: Callable[[Any], Any], items: Iterable[Any], window: int | None = None) -> Iterator[Any]:
        for item in items:
            if getattr(item, "path", "") == "lost.png":
                yield Lost(item, Loss.TIMEOUT, "took longer than 30 s")
            elif getattr(getattr(item, "ref", None), "index", 0) == 1:
                yield Lost(item, Loss.MEMORY, "needs more memory")
            elif isinstance(item, PageFailure):
                yield Lost(item, Loss.CRASHED, "crashed")
            else:
                yield function(item)

    def close(self) -> None:
        pass


def test_items_that_the_engine_lost_are_records_in_their_places(tmp_path: Path) -> None:
    Image.new("L", (50, 50), 255).save(
        tmp_path / "a.tif", save_all=True, append_images=[Image.new("L", (50, 50), 255) for _ in range(2)]
    )
    paths = ["lost.png", str(tmp_path / "a.tif"), str(tmp_path / "none.png")]
    found = list(segment_pages(paths, EchoClassifier(), Settings(), LosingEngine()))
    ends = [(page.error, page.stage) if isinstance(page, PageFailure) else "read" for page in found]
    # What failed before it came to a worker keeps its own reason, though a worker died with it.
    assert ends == [("timeout", "open"), "read", ("memory", "segment"), "read", ("missing", "open")]
    assert [failure_text(page) for page in found if isinstance(page, PageFailure)][:2] == [
        "lost.png took longer than 30 s",
        f"{tmp_path / 'a.tif'}, page 2 of 3 needs more memory",
    ]
