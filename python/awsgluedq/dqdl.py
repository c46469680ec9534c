"""Rulesets of DQDL as text: rules, conditions and how rules are combined. What it does not know it refuses by name."""

import re
from dataclasses import dataclass, field

from firn.errors import NotSupported

TOKEN = re.compile(r'\s*(?:#[^\n]*\n\s*)*("(?:\\.|[^"\\])*"|-?\d+(?:\.\d+)?|[A-Za-z_][\w.]*|>=|<=|!=|[-><=()\[\],])')
COMPARISONS = (">", ">=", "<", "<=", "=", "!=")
KEYWORDS = ("NULL", "EMPTY", "WHITESPACES_ONLY")
UNITS = ("minutes", "hours", "days")
WAYS = "> n, >= n, < n, <= n, = n, != n, between a and b, in [ … ] or matches \"…\", the last three with not before them"


@dataclass(frozen=True)
class Keyword:
    """NULL, EMPTY or WHITESPACES_ONLY among values."""
    name: str


@dataclass(frozen=True)
class Moment:
    """now() - 3 days"""
    number: float = 0
    unit: str = "days"


@dataclass(frozen=True)
class Condition:
    """`operator` is one of COMPARISONS, between, in or matches."""
    operator: str
    values: tuple
    negated: bool = False

    def test(self, number):
        """Of a number that a rule has measured."""
        bounds = self.values
        if not all(isinstance(bound, float) for bound in bounds) or self.operator == "matches":
            raise NotSupported(f"a condition of a data quality rule's number by {self.operator} {bounds}", "compare it with numbers")
        found = {
            ">": lambda: number > bounds[0], ">=": lambda: number >= bounds[0], "<": lambda: number < bounds[0],
            "<=": lambda: number <= bounds[0], "=": lambda: number == bounds[0], "!=": lambda: number != bounds[0],
            "between": lambda: bounds[0] < number < bounds[1], "in": lambda: number in bounds,
        }[self.operator]()
        return found != self.negated


@dataclass
class Rule:
    text: str
    name: str
    parameters: list
    condition: Condition = None
    where: str = None
    threshold: Condition = None


@dataclass
class Combined:
    """Rules in brackets with `operator` (and, or) between them."""
    text: str
    operator: str = ""
    parts: list = field(default_factory=list)


class _Parser:
    def __init__(self, text):
        self.text, self.at, self.ahead = text, 0, None
        self._read()

    def _read(self):
        self.start = self.at
        found = TOKEN.match(self.text, self.at)
        if found:
            self.start, self.at, self.ahead = found.start(1), found.end(1), found.group(1)
            return
        rest = re.sub(r"#[^\n]*", "", self.text[self.at:]).strip()
        if rest:
            raise ValueError(f"a ruleset has {rest[:40]!r} where a rule or ] is expected")
        self.ahead, self.start = None, len(self.text)

    def take(self):
        token, self.ended = self.ahead, self.at
        self._read()
        return token

    def accept(self, *words):
        if self.ahead is not None and self.ahead.lower() in words:
            return self.take().lower()
        return None

    def expect(self, word):
        if not self.accept(word):
            raise ValueError(f"a ruleset has {self.ahead or 'its end'!r} where {word} is expected, after {self.text[:self.start][-40:]!r}")

    def rules(self):
        found = []
        while not self.accept("]"):
            found.append(self.combined())
            if not self.accept(","):
                self.expect("]")
                break
        return found

    def combined(self):
        if self.ahead != "(":
            return self.rule()
        start, whole = self.start, Combined("")
        while True:
            self.expect("(")
            whole.parts.append(self.combined())
            self.expect(")")
            operator = self.accept("and", "or")
            if not operator:
                break
            if whole.operator and operator != whole.operator:
                raise ValueError("write brackets where and and or stand beside one another in a ruleset")
            whole.operator = operator
        whole.text = self.text[start:self.ended]
        return whole

    def rule(self):
        start, name = self.start, self.take()
        if name is None or not name[0].isalpha():
            raise ValueError(f"a ruleset has {name or 'its end'!r} where a rule is expected")
        rule = Rule("", name, [])
        while self.ahead and self.ahead.startswith('"'):
            rule.parameters.append(_unquoted(self.take()))
        rule.condition = self.condition(name)
        while True:
            if self.accept("where"):
                rule.where = _unquoted(self.take() or "")
            elif self.accept("with"):
                self.expect("threshold")
                rule.threshold = self.condition(name)
            else:
                break
        rule.text = self.text[start:self.ended]
        if self.ahead not in (",", "]", ")"):
            end = re.search(r"[,\])]|$", self.text[self.start:]).start()
            raise NotSupported(f"the condition {self.text[self.start:self.start + end].strip()!r} of the data quality rule {name}", f"write {WAYS}")
        return rule

    def condition(self, name):
        negated = bool(self.accept("not"))
        operator = self.accept(*COMPARISONS, "between", "in", "matches")
        if operator is None:
            if negated:
                raise NotSupported(f"not {self.ahead} in the data quality rule {name}", f"write {WAYS}")
            return None
        if operator == "between":
            low = self.value(name)
            self.expect("and")
            return Condition(operator, (low, self.value(name)), negated)
        if operator == "in":
            self.expect("[")
            values = [self.value(name)]
            while self.accept(","):
                values.append(self.value(name))
            self.expect("]")
            return Condition(operator, tuple(values), negated)
        return Condition(operator, (self.value(name),), negated)

    def value(self, name):
        if self.accept("("):
            inner = self.value(name)
            self.expect(")")
            return inner
        token = self.take() or ""
        if token.startswith('"'):
            return _unquoted(token)
        if token.upper() in KEYWORDS:
            return Keyword(token.upper())
        if token == "now" and self.accept("("):
            self.expect(")")
            return self.moment()
        if re.fullmatch(r"-?[\d.]+", token):
            return float(token)
        raise NotSupported(f"{token!r} in the condition of the data quality rule {name}",
                           "write numbers, \"texts\", NULL, EMPTY, WHITESPACES_ONLY or now() - 3 days")

    def moment(self):
        if self.accept("-"):
            number = float(self.take())
        elif self.ahead and re.fullmatch(r"-\d+", self.ahead):   # now() -3 days
            number = -float(self.take())
        else:
            return Moment()
        unit = self.take()
        if unit not in UNITS:
            raise NotSupported(f"the unit {unit!r} of a date in a data quality rule", f"there are {', '.join(UNITS)}")
        return Moment(number, unit)


def _unquoted(token):
    if not token.startswith('"'):
        raise ValueError(f'a ruleset has {token!r} where a text in "…" is expected')
    return re.sub(r'\\(["\\])', r"\1", token[1:-1])


def parse(ruleset):
    """[Rule or Combined]"""
    found = re.search(r"\bRules\s*=\s*\[", ruleset)
    if not found:
        raise ValueError(f"a ruleset is Rules = [ rule, … ], not {ruleset!r}")
    return _Parser(ruleset[found.end():]).rules()


def simple_rules(rules):
    """All rules, those in brackets too."""
    for rule in rules:
        yield from simple_rules(rule.parts) if isinstance(rule, Combined) else [rule]
