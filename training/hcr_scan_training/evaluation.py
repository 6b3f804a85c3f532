"""What a model can and cannot read, on labelled characters: figures by character set, class and writer."""

from __future__ import annotations

import math
import string
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from hcr_scan.errors import DatasetError
from hcr_scan.model.bundle import ModelInfo
from hcr_scan.model.classifier import Classifier
from hcr_scan.model.probabilities import Logits
from hcr_scan.run_report import counted
from hcr_scan.shares import wilson_interval
from hcr_scan_training.labelled import Glyphs
from hcr_scan_training.metrics import calibration_error, softmax

#: Shares of the least sure answers that are set aside, at which the error of the rest is told.
REJECT_SHARES = (0.0, 0.01, 0.02, 0.05, 0.10)
#: The error-reject curve goes up to this share, in steps of a hundredth.
LARGEST_REJECT = 0.5
#: Bins of the reliability diagram, equally wide.
BINS = 10
#: Mistakes that are listed, the surest first, and confused pairs of each character set.
MISTAKES, PAIRS = 400, 30

#: Character sets within which a model is judged: characters of the set alone, all others masked.
CHARSETS = {
    "upper": string.ascii_uppercase,
    "lower": string.ascii_lowercase,
    "digits": string.digits,
    "punctuation": string.punctuation,
    "upper+digits": string.digits + string.ascii_uppercase,
}
#: Of these sets every character stands in one at most.
KINDS = ("upper", "lower", "digits", "punctuation")
#: No set but everything, "not a character" too.
FREE = "free"
#: What the columns of the summary mean.
LEGEND = (
    f"{FREE}: every character may be read, and none; in other rows only those of the set. All but ECE is in per cent",
    "95 %: between which accuracies the true one lies with that certainty, after so few characters",
    "macro F1: the mean over characters, the rare ones counting as much as the frequent",
    "ECE: expected calibration error, how far confidences are from the share that is right; 0 is best",
    "none: characters taken for no character; err@5%: what is wrong of the rest when the least sure 5 % are set aside",
)


@dataclass(frozen=True, slots=True)
class Answers:
    """Answers within a character set: ``rows`` index the characters asked, ``read`` the labels; confidences of both."""

    rows: npt.NDArray[np.intp]
    wanted: npt.NDArray[np.intp]
    read: npt.NDArray[np.intp]
    confidence: npt.NDArray[np.float64]
    taken_for_none: float

    @property
    def correct(self) -> npt.NDArray[np.bool_]:
        return np.asarray(self.wanted == self.read, np.bool_)


def evaluate(classifier: Classifier, glyphs: Glyphs) -> tuple[dict[str, Any], npt.NDArray[np.uint8]]:
    """Every figure of a model on labelled characters, as JSON can hold it, and the crops that ``mistakes`` index.

    Characters that the model has no label for are counted under ``unknown`` and left out; so are exact repeats.

    Raises:
        DatasetError: the model can read none of the characters, or there are none.
    """
    info = classifier.info
    crops, labels, writers, counts = _prepared(glyphs, info)
    logits = classifier.predict(crops)
    wanted = np.array([info.labels.index(label) for label in labels.tolist()], np.intp)
    answers = {name: found for name in (FREE, *CHARSETS) if (found := answers_within(logits, wanted, info, name))}
    return {
        "data": counts,
        "model": {"sha256": info.sha256, "labels": info.characters, "temperature": info.temperature},
        "sets": {name: _figures(found, info.labels) for name, found in answers.items()},
        "not_a_character": _none_figures(answers.get(FREE), wanted, info),
        "classes": _classes(answers, info.labels),
        "writers": _writers(answers, writers),
        "mistakes": _mistakes(answers, info.labels),
    }, crops


def _prepared(
    glyphs: Glyphs, info: ModelInfo
) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.str_], npt.NDArray[np.str_], dict[str, Any]]:
    crops = glyphs.crops(info.crop_spec)
    seen: set[tuple[bytes, str]] = set()
    kept, unknown = [], Counter[str]()
    for index, label in enumerate(glyphs.labels.tolist()):
        key = (crops[index].tobytes(), label)
        if label not in info.labels:
            unknown[label] += 1
        elif key not in seen:
            seen.add(key)
            kept.append(index)
    if not kept:
        raise DatasetError(
            f"{glyphs.name}: the model reads none of its characters ({''.join(sorted(unknown))}); "
            f"it reads {info.characters}"
        )
    if not any(glyphs.labels[kept]):
        raise DatasetError(f"{glyphs.name} holds marks without a character alone; add characters, a folder for each")
    counts = {
        "name": glyphs.name,
        "characters": len(kept),
        "repeats": len(glyphs) - len(kept) - unknown.total(),
        "unknown": dict(sorted(unknown.items())),
        "left_out": glyphs.left_out,
    }
    return crops[kept], glyphs.labels[kept], glyphs.writers[kept], counts


def answers_within(logits: Logits, wanted: npt.NDArray[np.intp], info: ModelInfo, name: str) -> Answers | None:
    """What is read where only the characters of a set may occur, ``None`` where none of them is there."""
    none = len(info.labels) - 1
    allowed = np.array([name == FREE or label in CHARSETS[name] for label in info.labels[:-1]] + [name == FREE])
    rows = np.flatnonzero(allowed[wanted])
    if not len(rows) or (name == FREE and (wanted == none).all()):
        return None
    scaled = logits[rows].astype(np.float64)
    masked = np.where(allowed, scaled, -np.inf)
    chances = softmax(masked, info.temperature)
    open_to_none = masked.copy()
    open_to_none[:, none] = scaled[:, none]
    characters = wanted[rows] != none
    taken = (open_to_none[characters].argmax(axis=1) == none).mean()
    read = chances.argmax(axis=1)
    return Answers(rows, wanted[rows], read, chances.max(axis=1), round(float(taken), 5))


def _figures(answers: Answers, labels: Sequence[str]) -> dict[str, Any]:
    correct = answers.correct
    low, high = wilson_interval(int(correct.sum()), len(correct))
    curve = error_reject_curve(answers.confidence, correct)
    return {
        "count": len(correct),
        "accuracy": round(float(correct.mean()), 5),
        "accuracy_95": [round(low, 5), round(high, 5)],
        "macro_f1": round(_macro_f1(answers), 5),
        "calibration_error": round(calibration_error(answers.confidence, correct), 5),
        "taken_for_none": answers.taken_for_none,
        "error_at_reject": {f"{100 * share:g}": _at(curve, share)["error"] for share in REJECT_SHARES},
        "error_reject": curve,
        "reliability": reliability(answers.confidence, correct),
        "confusions": _confusions(answers, labels),
    }


def error_reject_curve(
    confidence: npt.NDArray[np.float64], correct: npt.NDArray[np.bool_]
) -> list[dict[str, float | None]]:
    """The error of what is kept when the least sure share is set aside, by hundredths.

    ``below`` is the confidence under which answers are set aside at that share.
    """
    order = np.argsort(confidence, kind="stable")
    sorted_confidence, wrong = confidence[order], ~correct[order]
    left = np.concatenate([np.cumsum(wrong[::-1])[::-1], [0]])
    curve: list[dict[str, float | None]] = []
    for step in range(round(LARGEST_REJECT * 100) + 1):
        aside = math.floor(step / 100 * len(order) + 1e-9)
        kept = len(order) - aside
        error = round(float(left[aside]) / kept, 5) if kept else None
        below = round(float(sorted_confidence[aside]), 5) if kept else None
        curve.append({"reject": step / 100, "error": error, "below": below})
    return curve


def _at(curve: list[dict[str, float | None]], share: float) -> dict[str, float | None]:
    return curve[round(share * 100)]


def reliability(confidence: npt.NDArray[np.float64], correct: npt.NDArray[np.bool_]) -> list[dict[str, float]]:
    """How often answers of about the same confidence are right; empty bins are left out."""
    bins = np.minimum((confidence * BINS).astype(int), BINS - 1)
    return [
        {
            "count": int((bins == number).sum()),
            "confidence": round(float(confidence[bins == number].mean()), 5),
            "accuracy": round(float(correct[bins == number].mean()), 5),
        }
        for number in range(BINS)
        if (bins == number).any()
    ]


def _f1_by_class(answers: Answers) -> dict[int, dict[str, float]]:
    figures = {}
    for number in np.unique(answers.wanted).tolist():
        was, said = answers.wanted == number, answers.read == number
        hits, count, given = int((was & said).sum()), int(was.sum()), int(said.sum())
        figures[number] = {
            "count": count,
            "recall": round(hits / count, 5),
            "precision": round(hits / given, 5) if given else 0.0,
            "f1": round(2 * hits / (count + given), 5),
        }
    return figures


def _macro_f1(answers: Answers) -> float:
    return float(np.mean([figures["f1"] for figures in _f1_by_class(answers).values()]))


def _confusions(answers: Answers, labels: Sequence[str], most: int = PAIRS) -> list[dict[str, Any]]:
    wrong = ~answers.correct
    pairs = Counter(zip(answers.wanted[wrong].tolist(), answers.read[wrong].tolist(), strict=True))
    ranked = sorted(pairs.items(), key=lambda item: (-item[1], item[0]))[:most]
    return [{"was": labels[was], "read": labels[read], "count": count} for (was, read), count in ranked]


def _narrowest(answers: dict[str, Answers]) -> list[tuple[str, Answers]]:
    """Each character within the narrowest set that has it; what is none only stands free."""
    return [(name, answers[name]) for name in KINDS if name in answers]


def _classes(answers: dict[str, Answers], labels: Sequence[str]) -> dict[str, dict[str, Any]]:
    figures: dict[str, dict[str, Any]] = {}
    for name, found in [*_narrowest(answers), *([(FREE, answers[FREE])] if FREE in answers else [])]:
        confused = _confusions(found, labels, most=len(found.rows))
        for number, values in _f1_by_class(found).items():
            if labels[number] in figures:
                figures[labels[number]]["free_recall"] = values["recall"]
                continue
            mostly = [f"{c['read'] or 'none'} {c['count']}" for c in confused if c["was"] == labels[number]][:3]
            figures[labels[number]] = {"set": name, **values, "read_as": mostly}
    return dict(sorted(figures.items()))


def _writers(answers: dict[str, Answers], writers: npt.NDArray[np.str_]) -> dict[str, dict[str, Any]]:
    figures: dict[str, dict[str, Any]] = {}
    for name, found in _narrowest(answers):
        names = writers[found.rows]
        for writer in np.unique(names).tolist():
            if writer:
                own = found.correct[names == writer]
                figures.setdefault(writer, {})[name] = {"count": len(own), "accuracy": round(float(own.mean()), 5)}
    return dict(sorted(figures.items()))


def _none_figures(free: Answers | None, wanted: npt.NDArray[np.intp], info: ModelInfo) -> dict[str, Any] | None:
    """How much of what is no character is seen to be none, where the data has such."""
    none = len(info.labels) - 1
    if free is None or not (wanted == none).any():
        return None
    own = free.read[free.wanted == none] == none
    return {"count": len(own), "recognized": round(float(own.mean()), 5)}


def _mistakes(answers: dict[str, Answers], labels: Sequence[str]) -> list[dict[str, Any]]:
    """Wrong answers within the narrowest sets, the surest first."""
    found = [
        {
            "index": int(part.rows[place]),
            "was": labels[part.wanted[place]],
            "read": labels[part.read[place]],
            "confidence": round(float(part.confidence[place]), 4),
            "set": name,
        }
        for name, part in _narrowest(answers)
        for place in np.flatnonzero(~part.correct)
    ]
    return sorted(found, key=lambda mistake: (-mistake["confidence"], mistake["index"]))[:MISTAKES]


def summary(figures: dict[str, Any]) -> str:
    """The figures that matter most as a table of text."""
    data = figures["data"]
    lead = [counted(data["characters"], "character"), f"{counted(data['repeats'], 'repeat')} left out"]
    lead += [f"{count:,} {reason} left out" for reason, count in data["left_out"].items()]
    lines = [
        f"{data['name']}: {', '.join(lead)}",
        f"{'within':<14}{'count':>8}{'accuracy':>10}{'95 %':>14}{'macro F1':>10}{'ECE':>8}{'none':>8}"
        + "".join(f"{f'err@{share}%':>9}" for share in next(iter(figures["sets"].values()))["error_at_reject"]),
    ]
    for name, values in figures["sets"].items():
        errors = "".join(_percent(error, 9) for error in values["error_at_reject"].values())
        lines.append(
            f"{name:<14}{values['count']:>8,}{_percent(values['accuracy'], 10)}"
            f"{_between(values['accuracy_95']):>14}{_percent(values['macro_f1'], 10)}"
            f"{values['calibration_error']:>8.3f}{_percent(values['taken_for_none'], 8)}{errors}"
        )
    if figures["not_a_character"]:
        lines.append(found_none(figures["not_a_character"]))
    lines += [f"  {line}" for line in LEGEND]
    for name in KINDS:
        pairs = figures["sets"].get(name, {}).get("confusions", [])[:8]
        if pairs:
            lines.append(f"{name}: " + ", ".join(f"{p['was']} read {p['read']} {p['count']}x" for p in pairs))
    if data["unknown"]:
        lines.append(f"left out, since the model has no such label: {' '.join(data['unknown'])}")
    return "\n".join(lines)


def found_none(figures: dict[str, Any]) -> str:
    """How many of the marks that are no character were seen to be none, in words."""
    found = round(figures["recognized"] * figures["count"])
    marks = counted(figures["count"], "mark")
    return f"of {marks} without a character {found:,} seen to be none ({100 * figures['recognized']:.1f} %)"


def _between(interval: list[float]) -> str:
    return "-".join(f"{100 * end:.1f}" for end in interval)


def _percent(share: float | None, width: int) -> str:
    return f"{'':>{width}}" if share is None else f"{100 * share:>{width}.2f}"
