"""What statuses, verdicts and failures are, in the words of people who do not know the program."""

from __future__ import annotations

from hcr_scan.document import Status, Verdict

STATUSES = {
    Status.OK: "read, and sure enough",
    Status.REVIEW: "at least one doubtful place: needs a look",
    Status.REJECTED: "ink that is no character: needs a look",
    Status.BLANK: "nothing is written there",
    Status.FAILED: "could not be read at all",
}

VERDICTS = {
    Verdict.ACCEPTED: "accepted as the machine read them",
    Verdict.CORRECTED: "corrected",
    Verdict.BLANK: "blank, though something was read",
    Verdict.UNREADABLE: "unreadable for people too",
}

#: By the code of a failure: what it is, and what to do about it.
FAILURES = {
    "bad_page": ("one page of a document is damaged", "scan that page again"),
    "changed": ("the file changed while it was read", "retry when nothing writes to it any more"),
    "crashed": ("a library crashed on the page", "scan the page again, or convert the file"),
    "damaged": ("the file is damaged", "get it from its source again"),
    "empty_file": ("the file is empty", "get it from its source again, or leave it out"),
    "error": ("the page could not be worked on", "see the message; retry"),
    "internal": ("a bug of the program", "report it with the page"),
    "memory": ("the page took more memory than allowed", "retry with a larger --worker-memory"),
    "missing": ("the file was not there any more", "put it back, and retry"),
    "missing_dependency": ("the format needs something that is not installed", "install what the message names"),
    "no_pages": ("a document without pages", "leave it out"),
    "not_a_file": ("no ordinary file", "leave it out"),
    "not_an_image": ("neither an image nor a PDF", "leave it out"),
    "password": ("the document is encrypted", "retry with --password-file"),
    "symlink": ("a link to another file", "name the file itself, or say --follow-links"),
    "timeout": ("the page took longer than allowed", "retry with a larger --page-timeout"),
    "too_large": ("more pixels, pages or bytes than allowed", "see the message for the limit to raise"),
    "truncated": ("the end of the file is missing", "get it from its source again"),
    "unreadable": ("the file may not be opened", "allow reading it, and retry"),
    "unsupported_format": ("a format that is not read", "convert it to PDF, TIFF or PNG"),
}
UNKNOWN_FAILURE = ("the page could not be read", "see the message")
