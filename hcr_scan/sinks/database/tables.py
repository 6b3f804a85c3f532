"""The tables. docs/exchange.md documents them; what is changed here is another :data:`SCHEMA_VERSION`."""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    JSON,
    Column,
    Double,
    ForeignKeyConstraint,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
)
from sqlalchemy.dialects.postgresql import JSONB

SCHEMA_VERSION = 1

METADATA = MetaData()

_JSON = JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")
#: A document is named by the SHA-256 of its bytes, or of its path where it could not be opened.
_DOCUMENT = String(len("sha256:") + 64)


def _key(*names: str) -> list[Column[Any]]:
    """The columns of a primary key: the document, and numbers from 1 on."""
    numbers: list[Column[Any]] = [Column(name, Integer, primary_key=True, autoincrement=False) for name in names]
    return [Column("document", _DOCUMENT, primary_key=True), *numbers]


def _box() -> list[Column[int]]:
    return [Column(f"box_{side}", Integer, nullable=False) for side in ("left", "top", "right", "bottom")]


VERSIONS = Table("hcr_scan_schema", METADATA, Column("version", Integer, primary_key=True, autoincrement=False))

PAGES = Table(
    "pages",
    METADATA,
    *_key("page"),
    Column("path", Text, nullable=False),
    Column("sha256", String(64)),
    Column("pages", Integer, nullable=False),
    Column("form_document", _DOCUMENT, nullable=False),
    Column("form_page", Integer, nullable=False),
    Column("template", Text),
    Column("template_page", Integer),
    Column("template_match", Double),
    Column("status", Text, nullable=False),
    Column("reasons", _JSON, nullable=False),
    Column("error_stage", Text),
    Column("error", Text),
    Column("message", Text),
    Column("width", Integer),
    Column("height", Integer),
    Column("dpi", Integer),
    Column("rotation", Integer),
    Column("skew", Double),
    Column("hcr_scan", Text, nullable=False),
    Column("model", Text, nullable=False),
    Column("settings", Text, nullable=False),
    Index("pages_form", "form_document", "form_page"),
)

FIELDS = Table(
    "fields",
    METADATA,
    *_key("page", "number"),
    Column("name", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("value", Text, nullable=False),
    Column("raw", Text, nullable=False),
    Column("confidence", Double, nullable=False),
    Column("status", Text, nullable=False),
    Column("reasons", _JSON, nullable=False),
    Column("alternatives", _JSON, nullable=False),
    Column("min_glyph_confidence", Double),
    *_box(),
    Column("verdict", Text),
    Column("corrected_by", Text),
    Column("reviewer", Text),
    Column("machine_value", Text),
    Column("machine_confidence", Double),
    Column("machine_status", Text),
    ForeignKeyConstraint(["document", "page"], ["pages.document", "pages.page"], ondelete="CASCADE"),
    Index("fields_name", "name"),
)

GLYPHS = Table(
    "glyphs",
    METADATA,
    *_key("page", "field", "number"),
    Column("word", Integer),
    Column("cell", Integer),
    Column("text", Text, nullable=False),
    Column("confidence", Double, nullable=False),
    Column("status", Text, nullable=False),
    Column("reasons", _JSON, nullable=False),
    Column("alternatives", _JSON, nullable=False),
    *_box(),
    ForeignKeyConstraint(
        ["document", "page", "field"], ["fields.document", "fields.page", "fields.number"], ondelete="CASCADE"
    ),
)
