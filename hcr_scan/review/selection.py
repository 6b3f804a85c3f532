"""Which items need a look, and why: what the machine doubts, what is below a threshold, and a sample of the rest."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum

from hcr_scan.document import Reason, Status
from hcr_scan.errors import UsageError
from hcr_scan.review.auditing import Audit, drawn
from hcr_scan.review.items import Filter, State, Why
from hcr_scan.review.store import ReviewStore
from hcr_scan.review.tallies import recount

#: Notes of a review: its rules, and whether there are items that they were not applied to yet.
RULES, UNSELECTED = "selection", "unselected"
#: What takes a threshold, or an audit, back.
AS_SCANNED, NO_AUDIT = "scan", ("0", "0%")


class Doubt(StrEnum):
    """What the machine itself says against a reading."""

    NONE = "none"
    #: No more than that it is not sure enough, which a threshold may overrule.
    UNSURE = "unsure"
    MISSING = "missing"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Selection:
    """What needs a look.

    Values surer than ``accept_above``, or than what ``by_name`` says for a field of that name, are accepted unseen, if
    nothing but their confidence speaks against them; ``None`` leaves it to what the scan said, which is by the
    template's ``accept_above`` and the scan's ``--review-below``. ``audit`` is drawn from what is then accepted.
    """

    accept_above: float | None = None
    by_name: tuple[tuple[str, float], ...] = ()
    audit: Audit | None = None

    @classmethod
    def of_options(cls, thresholds: Sequence[str], audit: str | None, seed: int) -> Selection:
        """What ``--accept-above`` (``0.9``, ``surname=0.98``), ``--audit`` (``200``, ``2%``) and ``--seed`` mean.

        ``--accept-above scan`` leaves it to what the scan said, and ``--audit 0`` draws none.

        Raises:
            UsageError: one of them cannot be meant.
        """
        general, by_name = None, {}
        for threshold in thresholds:
            name, equals, number = threshold.rpartition("=")
            if equals:
                by_name[name] = _threshold(number, threshold)
            elif threshold == AS_SCANNED:
                general = None
            else:
                general = _threshold(number, threshold)
        sample = None if audit in (None, *NO_AUDIT) else Audit.of_option(audit, seed)
        return cls(general, tuple(sorted(by_name.items())), sample)


def doubt_of(status: Status, reasons: Collection[str]) -> Doubt:
    """What the machine says against a field or line of this status, for these reasons."""
    if Reason.REQUIRED in reasons or Reason.NONE_MARKED in reasons:
        return Doubt.MISSING
    if status not in (Status.REVIEW, Status.REJECTED):
        return Doubt.NONE
    unsure = status is Status.REVIEW and set(reasons) <= {Reason.LOW_CONFIDENCE}
    return Doubt.UNSURE if unsure else Doubt.OTHER


def select(store: ReviewStore, selection: Selection | None = None) -> int:
    """Choose the items that need a look; decisions stay, whether their items still need one or not.

    Args:
        store: The review, whose rules these are from now on.
        selection: The rules; left out, those it has.

    Returns:
        How many need a look.

    Raises:
        UsageError: a threshold names a field that the review has not.
    """
    selection = remembered(store) if selection is None else selection
    database = store.database
    for name, _ in selection.by_name:
        if not database.rows("SELECT 1 FROM items WHERE name = ? LIMIT 1", (name,)):
            raise UsageError(
                f"--accept-above {name}=...: no field is called {name!r}; names stand in the output of the scan"
            )
    database.write("CREATE TEMP TABLE IF NOT EXISTS thresholds (name TEXT PRIMARY KEY, least REAL)")
    with database.transaction(durable=True):
        database.write("DELETE FROM temp.thresholds")
        database.write_many("INSERT INTO temp.thresholds VALUES (?, ?)", selection.by_name)
        database.write(_BY_RULES, (selection.accept_above,))
        if selection.audit is not None:
            recount(database)
            chosen = drawn(store, selection.audit)
            database.write_many("UPDATE items SET why = ? WHERE id = ?", [(Why.AUDIT.value, item) for item in chosen])
        database.write(
            "UPDATE glyphs SET shown = 1 - shown WHERE shown <> "
            "(SELECT why IS NOT NULL FROM items WHERE id = glyphs.item)"
        )
        recount(database)
        store.write_note(RULES, asdict(selection))
        store.write_note(UNSELECTED, False)
    return store.count(Filter(State.ALL))


def remembered(store: ReviewStore) -> Selection:
    """The rules that a review has; those of the scan where it has none yet."""
    record = store.noted(RULES)
    if record is None:
        return Selection()
    audit = record["audit"] and Audit(**record["audit"])
    return Selection(record["accept_above"], tuple((name, least) for name, least in record["by_name"]), audit)


def _threshold(number: str, option: str) -> float:
    try:
        value = float(number)
    except ValueError:
        value = math.nan
    if not 0 <= value <= 1:
        raise UsageError(
            f"--accept-above {option}: give a confidence from 0 to 1, NAME=CONFIDENCE for one field, or scan"
        )
    return value


#: Thresholds are compared as in templates: what is as sure as the threshold is not surer.
_BY_RULES = f"""
UPDATE items SET why = rules.why FROM (
    SELECT id, CASE
        WHEN doubt = '{Doubt.MISSING}' THEN '{Why.REQUIRED}'
        WHEN doubt = '{Doubt.OTHER}' THEN '{Why.DOUBTFUL}'
        WHEN least IS NULL THEN CASE doubt WHEN '{Doubt.UNSURE}' THEN '{Why.DOUBTFUL}' END
        WHEN confidence > least THEN NULL
        WHEN doubt = '{Doubt.UNSURE}' THEN '{Why.DOUBTFUL}'
        ELSE '{Why.THRESHOLD}' END AS why
    FROM (SELECT id, doubt, confidence, coalesce((SELECT least FROM temp.thresholds t WHERE t.name = items.name), ?)
        AS least FROM items)
    ) AS rules WHERE rules.id = items.id AND items.why IS NOT rules.why
"""  # noqa: S608 - our own words
