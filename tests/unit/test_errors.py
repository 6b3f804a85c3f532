"""What is said of errors that others raise."""

from __future__ import annotations

from hcr_scan.errors import description_of, first_line


def test_an_error_without_a_text_is_called_by_its_type() -> None:
    assert first_line(ValueError()) == description_of(ValueError()) == "ValueError"


def test_an_error_is_told_with_its_first_line_or_with_its_kind() -> None:
    assert first_line(ValueError("one\ntwo")) == "one"
    assert description_of(ValueError("one")) == "ValueError: one"
