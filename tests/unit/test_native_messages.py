"""What TensorFlow's libraries say when they are loaded does not reach the terminal, and all else does."""

from __future__ import annotations

import contextlib
import os
import sys

import pytest

from hcr_scan.model.keras_classifier import native_messages_hidden


def test_what_libraries_write_past_python_is_hidden_for_a_while(capfd: pytest.CaptureFixture[str]) -> None:
    with contextlib.suppress(ImportError), native_messages_hidden():
        os.write(2, b"no GPU will be used\n")
        raise ImportError
    os.write(2, b"what comes after\n")
    assert capfd.readouterr().err == "what comes after\n"


def test_a_program_without_standard_error_keeps_what_it_has_in_that_place(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as without:
        without.setattr(sys, "stderr", None)
        with native_messages_hidden():
            os.write(2, b"a file of its own\n")
    assert capfd.readouterr().err == "a file of its own\n"
