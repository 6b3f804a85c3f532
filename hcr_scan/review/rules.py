"""What the templates of a scan know of its fields, asked of values that people give."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from fractions import Fraction

from hcr_scan.document import Reason
from hcr_scan.forms.knowledge.field_rules import Rule, Value, parse_rule
from hcr_scan.forms.knowledge.values import meaning, normalized
from hcr_scan.forms.template import MARK_KINDS, Check, FieldKind, Normalization, Template, TemplateField
from hcr_scan.review.field_checks import broken_reasons
from hcr_scan.review.items import Item
from hcr_scan.settings import Settings

#: A number as it is delivered.
PLAIN_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?")


class FieldRules:
    """What the templates of a scan say of its fields; nothing where there are none."""

    def __init__(self, templates: Iterable[Template] = (), charset: str | None = None) -> None:
        #: The characters of the run.
        self.charset = Settings().charset if charset is None else charset
        templates = tuple(templates)
        self._fields = {(template.id, field.name): field for template in templates for field in template.fields}
        self._checks = {
            template.id: [(check, parse_rule(check.rule)) for check in template.checks] for template in templates
        }

    def field(self, template: str | None, name: str) -> TemplateField | None:
        """What a template says of a field."""
        return None if template is None else self._fields.get((template, name))

    def values(self, template: str | None, name: str) -> list[str]:
        """All values of a field that is marked, not written in."""
        field = self.field(template, name)
        if field is None or field.kind not in MARK_KINDS:
            return []
        values = [option.value for option in field.options]
        return [*(values or ["yes"]), "no"] if field.kind is FieldKind.CHECKBOX else values

    def written(self, item: Item) -> str | None:
        """What the characters say where the field's rules made another value of it; ``None`` where they did not."""
        field = self.field(item.page.template, item.name)
        if field is not None:
            written = normalized(item.raw, field.normalize, field.knowledge.type)
            return None if _unspaced(written) == _unspaced(item.value) else written
        # Without the template the glyphs tell: they are those of the value, before it was normalized.
        chosen = _unspaced("".join(glyph.text for glyph in item.glyphs))
        return None if not chosen or chosen == _unspaced(item.raw) else item.raw

    def delivered(self, typed: str, item: Item) -> str:
        """A typed value in the form in which the field is delivered, as the machine's own reading is put into it.

        What is one of the item's readings, or was decided before, has that form already.
        """
        field = self.field(item.page.template, item.name)
        known = {item.value, *(other.value for other in item.alternatives), *(said.value for said in item.decisions)}
        if field is None or typed in known:
            return typed
        return normalized(typed, field.normalize, field.knowledge.type)

    def broken(self, template: str | None, name: str, value: str) -> set[Reason]:
        """The rules of its field that a delivered value breaks; a blank one those of what must be filled in."""
        field = self.field(template, name)
        if field is None:
            return set()
        if not value and field.required:
            return {Reason.NONE_MARKED if field.kind is FieldKind.CHOICE else Reason.REQUIRED}
        return set(broken_reasons(value, field, self.charset))

    def ties(self, template: str | None, name: str) -> bool:
        """Whether a rule between fields speaks of this one."""
        return any(name in rule.names for _, rule in self._rules(template))

    def contradictions(self, template: str | None, values: Mapping[str, str]) -> list[tuple[Check, frozenset[str]]]:
        """The rules between fields that delivered values break, and the fields of each.

        A rule that speaks of a field without a value here is left out, and so is one of a value that means nothing.
        """
        broken = []
        for check, rule in self._rules(template):
            meant = {name: self._meaning(template, name, values[name]) for name in rule.names & values.keys()}
            if meant.keys() == rule.names and not _holds(rule, meant):
                broken.append((check, rule.names))
        return broken

    def _rules(self, template: str | None) -> list[tuple[Check, Rule]]:
        return [] if template is None else self._checks.get(template, [])

    def _meaning(self, template: str | None, name: str, value: str) -> Value | _Unknown:
        """What a delivered value is in a rule; ``None`` where it is blank."""
        field = self.field(template, name)
        if not value or field is None:
            return None if field is not None else UNKNOWN
        if Normalization.ISO_DATE in field.normalize:
            try:
                return date.fromisoformat(value)
            except ValueError:
                return UNKNOWN
        if Normalization.NUMBER in field.normalize:
            # Not 1E999999999, whose digits would take all memory.
            return Fraction(value) if PLAIN_NUMBER.fullmatch(value) else UNKNOWN
        found = meaning(value, field.knowledge.type)
        return UNKNOWN if found is None else Fraction(found) if isinstance(found, Decimal) else found


class _Unknown:
    """A value that no rule can be asked about."""


UNKNOWN = _Unknown()


def _holds(rule: Rule, meant: Mapping[str, Value | _Unknown]) -> bool:
    """Whether a rule holds, as far as it can be asked."""
    known = {name: value for name, value in meant.items() if not isinstance(value, _Unknown)}
    if known.keys() != meant.keys():
        return True
    try:
        return rule.holds(known)
    except ValueError:  # a number beside a text that was put there nevertheless
        return True


def _unspaced(text: str) -> str:
    return "".join(text.split())
