"""Fields of which something is known, read for what they may say: their lattice, and the glyphs of the best value."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from hcr_scan.assembly.glyphs import (
    ALTERNATIVES,
    Reader,
    Row,
    blank_glyph,
    glyph_of,
    glyphs_in_cells,
    glyphs_of_line,
)
from hcr_scan.assembly.lattice import ChosenCandidate, path_scores
from hcr_scan.document import Alternative, FieldAlternative, Glyph
from hcr_scan.forms.knowledge.automata import Language
from hcr_scan.forms.knowledge.decoding import GAP, NOTHING, DecodedCharacter, Edge, Lattice, decode
from hcr_scan.segmentation.candidates import Candidate, Chunk, SegmentedCell, SegmentedField, SegmentedLine

#: Gaps between words are spaces; that a wide gap is none costs this much (nats).
WIDE_GAP = ((" ", 0.0), ("", 3.0))
#: Log-probabilities below this say no more than "no".
LEAST = 1e-9


@dataclass(frozen=True, slots=True)
class Piece:
    """What an edge of the lattice stands for: a glyph that may be there, or a blank cell, or a gap."""

    candidate: Candidate | None
    row: Row | None
    cell: int | None = None


@dataclass(frozen=True, slots=True)
class FieldReading:
    """The most probable value that a field allows, with its glyphs.

    ``obeyed`` is the probability that what is written is as it should be.
    """

    value: str
    confidence: float
    alternatives: tuple[FieldAlternative, ...]
    glyphs: tuple[Glyph, ...]
    obeyed: float


class FieldInk:
    """The ink of one field as a lattice: what may be cut out of it and how probable each character is."""

    def __init__(self, segmented: SegmentedField, reader: Reader) -> None:
        self._segmented, self._reader = segmented, reader
        self._pieces: list[Piece] = []
        self._edges: list[Edge] = []
        self._place = 0
        if segmented.cells:
            self._add_cells()
        for number, line in enumerate(segmented.lines):
            if number:
                self._add_gap()
            self._add_line(line)

    def read(self, language: Language) -> FieldReading | None:
        """The most probable value of the language; ``None`` where the ink can be none of them."""
        decoding = decode(Lattice(self._reader.labels, tuple(self._edges), self._place), language)
        if decoding is None:
            return None
        glyphs = tuple(self._glyphs(decoding.characters))
        return FieldReading(decoding.value, decoding.confidence, decoding.alternatives, glyphs, decoding.obeyed)

    def _add_cells(self) -> None:
        for number, found in enumerate(glyphs_in_cells(self._segmented, self._reader)):
            if not found:
                self._add(1, Piece(None, None, number), None, GAP)
            for choice, row in found:
                self._add_glyph(choice.candidate, row, 1, cell=number)

    def _add_line(self, line: SegmentedLine) -> None:
        words, rows = glyphs_of_line(line, self._reader)
        placed = iter(rows)
        for number, (chunks, chosen) in enumerate(zip((c for c in line.words if c), words, strict=True)):
            if number:
                self._add_gap()
            for chunk, choices in zip(chunks, chosen, strict=True):
                self._add_chunk(chunk, choices, placed)

    def _add_chunk(self, chunk: Chunk, chosen: list[ChosenCandidate], placed: Iterator[Row]) -> None:
        """A chunk's candidates; those that are believed in come with their place as evidence."""
        rows = {id(choice.candidate): next(placed) for choice in chosen}
        own = [rows.get(id(c), self._reader.probabilities[c.crop]) for c in chunk.candidates]
        best = [float(np.delete(row, self._reader.kinds.nothing).max()) for row in own]
        start = self._place
        for candidate, row, certainty, score in zip(chunk.candidates, own, best, path_scores(chunk, best), strict=True):
            # The labels of a cut keep their ratios; cuts compare as they do where nothing is known of the field.
            cost = math.log(max(certainty, LEAST)) - score
            self._place = start + candidate.start
            self._add_glyph(candidate, row, candidate.end - candidate.start, cost=cost)
        self._place = start + chunk.cuts

    def _add_gap(self) -> None:
        self._add(1, Piece(None, None), None, WIDE_GAP)

    def _add_glyph(
        self, candidate: Candidate, row: Row, length: int, cell: int | None = None, cost: float = 0.0
    ) -> None:
        scores = None if candidate.crossed_out else np.log(np.maximum(row.astype(np.float64), LEAST))
        self._add(length, Piece(candidate, row, cell), scores, NOTHING if cell is None else GAP, cost)

    def _add(
        self,
        length: int,
        piece: Piece,
        scores: np.ndarray[tuple[int], np.dtype[np.float64]] | None,
        blank: tuple[tuple[str, float], ...],
        cost: float = 0.0,
    ) -> None:
        self._pieces.append(piece)
        self._edges.append(Edge(self._place, self._place + length, scores, blank, cost))
        self._place += length

    def _glyphs(self, characters: tuple[DecodedCharacter, ...]) -> Iterator[Glyph]:
        for character in characters:
            piece = self._pieces[character.edge]
            if piece.candidate is not None and piece.row is not None:
                yield self._glyph(piece, piece.candidate, piece.row, character)
            elif piece.cell is not None:
                yield blank_glyph(self._cell(piece.cell), piece.cell)

    def _cell(self, number: int) -> SegmentedCell:
        return self._segmented.cells[number]

    def _glyph(self, piece: Piece, candidate: Candidate, row: Row, character: DecodedCharacter) -> Glyph:
        """The glyph with the character that the field allows first, and what else the ink looks like after it."""
        labels, nothing = self._reader.labels, float(row[self._reader.kinds.nothing])
        others = [
            Alternative(labels[i], float(row[i])) for i in np.argsort(-row, kind="stable")[: ALTERNATIVES + 2] if row[i]
        ]
        read = character.text.strip()
        ranked = [Alternative(read, character.confidence), *(other for other in others if other.text != read)]
        if not read:
            ranked, nothing = others, 1.0
        return glyph_of(ChosenCandidate(candidate, 1.0), piece.cell, ranked, nothing, self._reader)
