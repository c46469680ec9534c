"""The code blocks of the seed documents, taken out by program: what is Python or SQL runs, the rest is listed.

A fence is a line of three backticks with or without a word. A fence with a word inside an open block ends that block
and opens one (in 002 the code stands so). Blocks of YAML hold Python below some of their headings, indented: each such
part is a block of its own, with the letter of its place.
"""

import ast
import re
import textwrap
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SEEDS = ROOT.parent / "shared" / "seeds"
FENCE = re.compile(r"^(\s*)```\s*([\w+-]*)\s*$")
HEADING = re.compile(r"^(\w[^:]*):\s*$")


@dataclass(frozen=True)
class Block:
    name: str      # 002-4, 002-4b
    document: str
    first: int     # line of the text's first line, from 1
    kind: str      # python, sql, fragment (of Python), yaml, json, shell, diagram
    title: str     # the heading above, or inside the YAML
    text: str

    @property
    def last(self):
        return self.first + self.text.count("\n") - 1

    @property
    def runs(self):
        return self.kind in ("python", "sql", "fragment")


KINDS = {"python": "python", "sql": "sql", "yaml": "yaml", "json": "json", "bash": "shell", "sh": "shell"}


def _heading(line):
    """A heading's words, without marks; 000's text was decoded as Latin once too often."""
    text = line.lstrip("# ").strip()
    try:
        text = text.encode("cp1252").decode("utf-8")
    except (UnicodeEncodeError, UnicodeDecodeError):
        pass
    return re.sub(r"^[^\w(]+", "", text.replace("**", "")).strip()


def _fenced(path):
    """(line, word, heading, lines) of each fenced block."""
    heading, opened, word, lines = "", None, "", []
    for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), 1):
        fence = FENCE.match(line)
        if opened is None:
            if line.startswith("#"):
                heading = _heading(line)
            if fence:
                opened, word, lines = number + 1, fence.group(2).lower(), []
        elif fence and fence.group(2):
            yield opened, word, heading, lines
            opened, word, lines = number + 1, fence.group(2).lower(), []
        elif fence:
            yield opened, word, heading, lines
            opened = None
        else:
            lines.append(line)


def _is_python(text):
    """Whether a text is statements of Python and not prose, lists or properties that happen to parse."""
    try:
        tree = ast.parse(text)
    except SyntaxError:
        return False
    doing = (ast.Assign, ast.FunctionDef, ast.Import, ast.ImportFrom, ast.ClassDef)
    return any(isinstance(node, doing) or (isinstance(node, ast.Expr) and isinstance(node.value, ast.Call))
               for node in tree.body)


def _is_fragment(text):
    """A chain of calls that begins with a dot: a part of a statement."""
    code = [line for line in text.splitlines() if line.strip() and not line.strip().startswith("#")]
    return bool(code) and all(line.strip().startswith(".") for line in code)


def _inside_yaml(first, lines):
    """(line, heading, text) of the indented parts below headings."""
    start, heading = None, ""
    for number, line in enumerate([*lines, "end:"]):
        found = HEADING.match(line)
        if not found and line[:1] not in ("", " "):
            found = re.match(r"^(.*)$", line)
        if not found:
            continue
        if start is not None:
            body = "\n".join(lines[start:number])
            yield first + start, heading, textwrap.dedent(body).strip("\n") + "\n"
        start, heading = number + 1, line.rstrip(": ")


def blocks_of(path):
    document = path.name.split("_")[0]
    result = []
    for place, (first, word, heading, lines) in enumerate(_fenced(path), 1):
        name = f"{document}-{place}"
        text = textwrap.dedent("\n".join(lines) + "\n")
        result.append(Block(name, path.name, first, KINDS.get(word, "diagram"), heading, text))
        if word != "yaml":
            continue
        letters = iter("abcdefghijkl")
        for line, inner, part in _inside_yaml(first, lines):
            kind = "python" if _is_python(part) else "fragment" if _is_fragment(part) else None
            if kind:
                result.append(Block(name + next(letters), path.name, line, kind, f"{heading}: {inner}", part))
    return result


def all_blocks():
    return [block for path in sorted(SEEDS.glob("*.txt")) for block in blocks_of(path)]


if __name__ == "__main__":
    for one in all_blocks():
        print(f"{one.name:8} {one.kind:9} {one.first:4}-{one.last:<4} {one.title}")
