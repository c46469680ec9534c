"""docs/seeds.md: each block of the seed documents and what becomes of it. `python test/seeds/report.py` writes it."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
import blocks as documents  # noqa: E402
from running import fixture_of, pending, status_of  # noqa: E402

PATH = documents.ROOT / "docs/seeds.md"
HEAD = """# The code blocks of the seed documents

Written by `python test/seeds/report.py`, checked by `./dev test --suite seeds`, which runs each block unmodified through
`firn run` or `firn sql` on data that its fixture (`test/seeds/fixtures`) supplies, and checks tables and output.

- **runs**: as it stands.
- **runs leniently**: Spark itself would refuse it; the rule says what firn does.
- **fails as in Spark**: the text has a slip that Spark refuses too; the error says what to write. The test runs what was meant beside it.
- **refused by name**: needs what firn does not have.
- **does not run yet**: what is missing; the test runs it and may fail.
- **listed**: no program of Python or SQL.

"""


def text():
    lines = [HEAD]
    counts = {}
    waiting = pending()
    document = None
    for block in documents.all_blocks():
        if block.document != document:
            document = block.document
            lines.append(f"\n## {document.split('_')[0]}\n\n| block | lines | kind | where | what becomes of it |\n"
                         "|---|---|---|---|---|\n")
        if block.name in waiting:
            word, remark = "does not run yet", waiting[block.name]
        elif block.runs:
            word, remark = status_of(fixture_of(block))
        else:
            word, remark = "listed", ""
        counts[word] = counts.get(word, 0) + 1
        what = word + (f": {remark}" if remark else "")
        title = block.title.replace("|", "\\|")
        lines.append(f"| {block.name} | {block.first}–{block.last} | {block.kind} | {title} | {what} |\n")
    total = ", ".join(f"{count} {word}" for word, count in counts.items())
    lines.insert(1, f"Together: {total}.\n")
    return "".join(lines)


if __name__ == "__main__":
    PATH.write_text(text(), encoding="utf-8")
