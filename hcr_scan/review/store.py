"""The file of a review: items, what was decided of them, and by whom."""

from __future__ import annotations

import json
import os
import zlib
from collections.abc import Callable, Sequence
from typing import Any, Self

from hcr_scan.document import Field, Source, Verdict
from hcr_scan.journal.database import Database, Row, damaged
from hcr_scan.review import glyph_store, tallies
from hcr_scan.review.decisions import are_different, plainly
from hcr_scan.review.glyph_store import GlyphDecision, GlyphItem, GlyphPosition
from hcr_scan.review.items import LINE, Decision, Filter, Item, ItemPage, Position, State, Totals, Why
from hcr_scan.review.page_parts import part_at, text_of
from hcr_scan.review.tables import REVIEW, SETTLING, bit, condition_of, indexes, open_condition, source_of
from hcr_scan.sinks.record_reading import field_of, line_of

#: Files and names that a filter may be chosen from, at most.
MOST_CHOICES = 1_000

_ITEM = "i.id, i.page, i.place, i.name, i.kind, i.why, i.starts, i.ends FROM items i"
_DECISION = "item, pass, reviewer, verdict, value, decided_at, typed FROM decisions"


class ReviewStore:
    """A review, of one process and one thread at a time. A context manager; what a call wrote is on the disk.

    Args:
        path: The file; made where it does not exist.
        reading: Nothing is to be decided, so that it may be where nothing can be written.

    Raises:
        JournalError: another process has it open, or it is damaged or no review.
        OutputError: it cannot be written.
    """

    def __init__(self, path: str, *, reading: bool = False) -> None:
        self.path = path
        #: For the other modules of this package.
        self.database = Database(path, REVIEW, reading=reading)
        if self.noted("passes") is None:
            self.passes = 1

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file."""
        self.database.close()

    # What is to be done

    def note(self, key: str, value: object) -> None:
        """Keep a JSON value under a name."""
        with self.database.transaction(durable=True):
            self.write_note(key, value)

    def noted(self, key: str) -> Any:
        """The value kept under a name; ``None`` where there is none."""
        rows = self.database.rows("SELECT value FROM notes WHERE key = ?", (key,))
        return json.loads(rows[0][0]) if rows else None

    @property
    def passes(self) -> int:
        """How many people look at each item, 1 or 2; a further pass settles where two differ."""
        return int(self.noted("passes"))

    @passes.setter
    def passes(self, passes: int) -> None:
        if passes not in (1, 2):
            raise ValueError(f"one or two passes, not {passes}")
        for statement in indexes(passes):
            self.database.write(statement)
        self.note("passes", passes)

    # Asking for items

    def count(self, filter_: Filter, pass_: int = 1) -> int:
        """How many items a filter means."""
        condition, values = condition_of(filter_, pass_)
        if filter_.path is None and filter_.text is None:
            query = f"SELECT coalesce(sum(items), 0) FROM tallies WHERE {condition}"  # noqa: S608
        else:
            source = source_of(filter_, pass_, self.passes)
            query = f"SELECT count(*) FROM {source} WHERE {condition}"  # noqa: S608
        return int(self.database.rows(query, values)[0][0])

    def totals(self, pass_: int = 1) -> Totals:
        """How far the pass is."""
        states = (State.OPEN, State.DECIDED, State.DIFFERENT, State.ALL)
        return Totals(*(self.count(Filter(state), pass_) for state in states))

    @property
    def reviewed(self) -> bool:
        """Whether anybody has decided anything yet."""
        return bool(self.database.rows("SELECT 1 FROM decisions LIMIT 1"))

    def queue(self, filter_: Filter, pass_: int = 1, after: Position | None = None, limit: int = 20) -> list[Item]:
        """The next items of those that a filter means, the most doubtful first."""
        condition, values = condition_of(filter_, pass_)
        if after is not None:
            condition += " AND (confidence, page, place) > (?, ?, ?)"
            values += [after.confidence, after.page, after.place]
        rows = self.database.rows(
            f"SELECT id FROM {source_of(filter_, pass_, self.passes)} WHERE {condition} "  # noqa: S608
            "ORDER BY confidence, page, place LIMIT ?",
            (*values, limit),
        )
        return self.items([number for (number,) in rows])

    def item(self, number: int) -> Item:
        """One item.

        Raises:
            KeyError: there is no such item.
        """
        return self.items([number])[0]

    def items(self, numbers: Sequence[int]) -> list[Item]:
        """Items in the order of their numbers given.

        Raises:
            KeyError: one of them is no item's.
        """
        found = {item.id: item for item in self._items(f"i.id IN ({_marks(numbers)})", numbers)}
        return [found[number] for number in numbers]

    def page_items(self, page: int) -> list[Item]:
        """The items of a page in their order."""
        return self._items("i.page = ? ORDER BY i.place", (page,))

    def page(self, number: int) -> ItemPage:
        """One page.

        Raises:
            KeyError: there is no such page.
        """
        return self._pages({number})[number]

    def page_of(self, path: str, page: int) -> int | None:
        """The number of a document's page; ``None`` where it has none, or could not be read."""
        rows = self.database.rows(
            "SELECT p.id FROM pages p JOIN documents d ON d.id = p.document "
            "WHERE d.path = ? AND page = ? AND NOT failed",
            (os.fsencode(path), page),
        )
        return int(rows[0][0]) if rows else None

    def names(self, pass_: int = 1) -> list[tuple[str, int]]:
        """The names of open items, and how many of each there are."""
        rows = self.database.rows(
            f"SELECT name, sum(items) FROM tallies WHERE {open_condition(pass_)} "  # noqa: S608
            f"GROUP BY name HAVING sum(items) > 0 LIMIT {MOST_CHOICES}"
        )
        return [(str(name), int(count)) for name, count in rows]

    def paths(self, pass_: int = 1) -> list[tuple[str, int]]:
        """The documents with open items, and how many each has."""
        rows = self.database.rows(
            f"SELECT d.path, n FROM (SELECT document, count(*) AS n FROM items WHERE {open_condition(pass_)} "  # noqa: S608
            f"GROUP BY document) JOIN documents d ON d.id = document ORDER BY d.path LIMIT {MOST_CHOICES}"
        )
        return [(os.fsdecode(path), count) for path, count in rows]

    # Deciding

    def decide(
        self, number: int, pass_: int, reviewer: str, verdict: Verdict, value: str, at: float, typed: str | None = None
    ) -> None:
        """What a person says of an item, in place of what was said of it in this pass before.

        Args:
            number: The item's.
            pass_: 1, or 2; 3 settles a difference.
            reviewer: Who says it.
            verdict: ``corrected`` to the machine's own value is taken for ``accepted``, to nothing for ``blank``.
            value: What stands there; only heeded for ``corrected``.
            at: Seconds of the Unix epoch.
            typed: What was typed, where the value is another form of it.

        Raises:
            KeyError: there is no such item.
        """
        if pass_ not in (1, 2, SETTLING):
            raise ValueError(f"passes are 1, 2 and {SETTLING}, not {pass_}")
        machine = self._machine_value(number)
        verdict, value = plainly(verdict, value, machine)
        with self.database.transaction(durable=True):
            action = self._act(reviewer, pass_, at)
            self.add_decision(action, Decision(number, pass_, reviewer, verdict, value, at, typed))

    def undo(self, reviewer: str, pass_: int = 1) -> int | None:
        """Take back the latest thing that a reviewer did in a pass; gives the item, or the first of the items."""
        while (action := self._latest(reviewer, pass_)) is not None:
            touched = self.database.rows(
                "SELECT item FROM decisions WHERE action = ? UNION SELECT item FROM glyph_decisions WHERE action = ? "
                "ORDER BY item",
                (action, action),
            )
            self._take_back(action, pass_, [item for (item,) in touched])
            if touched:  # else it was of a field that is no more
                return int(touched[0][0])
        return None

    def _latest(self, reviewer: str, pass_: int) -> int | None:
        rows = self.database.rows("SELECT max(id) FROM actions WHERE (reviewer, pass) = (?, ?)", (reviewer, pass_))
        found: int | None = rows[0][0]
        return found

    def _take_back(self, action: int, pass_: int, items: Sequence[int]) -> None:
        with self.database.transaction(durable=True):
            for table in ("decisions", "glyph_decisions"):
                self.database.write(f"DELETE FROM {table} WHERE action = ?", (action,))  # noqa: S608
            self.database.write("DELETE FROM actions WHERE id = ?", (action,))
            for item in items:
                self.database.write(
                    "UPDATE decisions SET valid = 1 WHERE id = "
                    "(SELECT max(id) FROM decisions WHERE item = ? AND pass = ?)",
                    (item, pass_),
                )
                self.settle(item)

    def decisions(self, number: int) -> list[Decision]:
        """The valid decisions on an item, in the order of passes."""
        return self.decisions_on([number]).get(number, [])

    # Single glyphs

    def glyph_groups(self, filter_: Filter | None = None, pass_: int = 1) -> list[tuple[str, int]]:
        """The characters that open doubtful glyphs were read as, and how many of each there are."""
        return glyph_store.groups(self.database, filter_ or Filter(), pass_)

    def glyphs(
        self, text: str, after: GlyphPosition | None = None, limit: int = 100, pass_: int = 1
    ) -> list[GlyphItem]:
        """The open doubtful glyphs that were read as a character, the least sure first."""
        rows = glyph_store.open_glyphs(self.database, text, after, limit, pass_)
        items = {item.id: item for item in self.items(sorted({number for number, _ in rows}))}
        return [GlyphItem(items[item].glyphs[number], number, items[item]) for item, number in rows]

    def decide_glyphs(
        self, decided: Sequence[tuple[int, int, str]], pass_: int, reviewer: str, at: float,
        allowed: Callable[[Item, str], bool] | None = None,
    ) -> list[int]:  # fmt: skip
        """A person's word on single glyphs: the item, the number of the glyph in it, and its character, or none.

        An item is settled when all of its doubtful glyphs are decided, if it needs a look for no other reason, its
        value is that of its glyphs, and ``allowed`` lets it. Gives the items that are settled by this.

        Raises:
            KeyError: there is no such item or glyph.
        """
        numbers = sorted({item for item, _, _ in decided})
        items = {item.id: item for item in self.items(numbers)}
        for owner, number, _ in decided:
            if not 0 <= number < len(items[owner].glyphs):
                raise KeyError((owner, number))
        settled = []
        with self.database.transaction(durable=True):
            action = self._act(reviewer, pass_, at)
            glyph_store.add(self.database, action, pass_, decided)
            for item in items.values():
                known = glyph_store.decided_texts(self.database, item.id, pass_)
                value = glyph_store.settled_value(item, known)
                if value is None or not (allowed is None or allowed(item, value)):
                    self.settle(item.id)
                    continue
                verdict, value = plainly(Verdict.CORRECTED, value, item.value)
                self.add_decision(action, Decision(item.id, pass_, reviewer, verdict, value, at))
                settled.append(item.id)
        return settled

    def glyph_decisions(self, number: int) -> list[GlyphDecision]:
        """What was said of single glyphs of an item, by pass and glyph."""
        return glyph_store.decisions(self.database, number)

    # For this package: within a transaction

    def write_note(self, key: str, value: object) -> None:
        """The same as :meth:`note`."""
        self.database.write("INSERT OR REPLACE INTO notes VALUES (?, ?)", (key, json.dumps(value)))

    def add_decision(self, action: int, decision: Decision) -> None:
        """Make a decision the valid one of its pass."""
        self.database.write(
            "UPDATE decisions SET valid = 0 WHERE item = ? AND pass = ? AND valid", (decision.item, decision.pass_)
        )
        self.database.write(
            "INSERT INTO decisions (action, item, pass, reviewer, verdict, value, decided_at, typed) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (action, decision.item, decision.pass_, decision.reviewer, decision.verdict.value, decision.value,
             decision.decided_at, decision.typed),
        )  # fmt: skip
        self.settle(decision.item)

    def settle(self, number: int) -> None:
        """Bring what the queues go by up to date with the decisions on an item."""
        decisions = self.decisions(number)
        bits = sum(bit(decision.pass_) for decision in decisions)
        tallies.decided(self.database, number, bits, are_different(decisions))
        glyph_store.settle(self.database, number, bits)

    def _act(self, reviewer: str, pass_: int, at: float) -> int:
        return self.database.insert(
            "INSERT INTO actions (reviewer, pass, decided_at) VALUES (?, ?, ?)", (reviewer, pass_, at)
        )

    def _machine_value(self, number: int) -> str:
        rows = self.database.rows("SELECT value FROM items WHERE id = ?", (number,))
        if not rows:
            raise KeyError(number)
        return str(rows[0][0])

    def _items(self, condition: str, values: Sequence[object]) -> list[Item]:
        rows = self.database.rows(f"SELECT {_ITEM} WHERE {condition}", values)
        numbers = {row[1] for row in rows}
        pages, texts = self._pages(numbers), self._texts(sorted(numbers))
        decisions = self.decisions_on([row[0] for row in rows])
        return [self._item(row, pages[row[1]], texts[row[1]], decisions.get(row[0], [])) for row in rows]

    def _item(self, row: Row, page: ItemPage, text: str, decisions: Sequence[Decision]) -> Item:
        number, _, place, name, kind, why, starts, ends = row
        try:
            record = part_at(text, starts, ends)
            part = line_of(record) if kind == LINE else field_of(record)
        except (ValueError, LookupError, TypeError) as error:
            raise damaged(self.path, error, REVIEW) from error
        field = part if isinstance(part, Field) else None
        value = part.value if isinstance(part, Field) else part.text
        return Item(
            number, page, place, name, kind, part.box, value, field.raw if field else value, part.confidence,
            part.status, part.reasons, field.alternatives if field else (), part.glyphs,
            None if why is None else Why(why), tuple(decisions),
        )  # fmt: skip

    def _texts(self, numbers: Sequence[int]) -> dict[int, str]:
        """The texts of the records of pages."""
        rows = self.database.rows(f"SELECT page, data FROM records WHERE page IN ({_marks(numbers)})", numbers)  # noqa: S608
        try:
            return {page: text_of(data) for page, data in rows}
        except (zlib.error, ValueError) as error:
            raise damaged(self.path, error, REVIEW) from error

    def _pages(self, numbers: set[int]) -> dict[int, ItemPage]:
        wanted = sorted(numbers)
        rows = self.database.rows(
            "SELECT p.id, d.path, page, pages, sha256, width, height, dpi, rotation, template "  # noqa: S608
            f"FROM pages p JOIN documents d ON d.id = p.document WHERE p.id IN ({_marks(wanted)})",
            wanted,
        )
        return {row[0]: ItemPage(row[0], Source(os.fsdecode(row[1]), *row[2:5]), *row[5:]) for row in rows}

    def decisions_on(self, numbers: Sequence[int]) -> dict[int, list[Decision]]:
        """The valid decisions on several items, by item, those of the first pass first."""
        rows = self.database.rows(
            f"SELECT {_DECISION} WHERE valid AND item IN ({_marks(numbers)}) ORDER BY pass",
            numbers,
        )
        found: dict[int, list[Decision]] = {}
        for item, pass_, reviewer, verdict, *rest in rows:
            found.setdefault(item, []).append(Decision(item, pass_, reviewer, Verdict(verdict), *rest))
        return found


def _marks(values: Sequence[object]) -> str:
    return ",".join("?" * len(values))
