"""firn writes the text that Spark writes: cases_write.py with the answers of written.json."""

import json
from pathlib import Path

import pytest

from cases_write import CASES
from update import text_of

WRITTEN = json.loads((Path(__file__).resolve().parent / "written.json").read_text())
# Where the text differs from Spark's, and why.
KNOWN = {
    "csv/no quote": "Spark writes the NUL character for the quote that is none",
    "csv/latin": "other encodings than UTF-8 are refused by name",
    "json/types": "a decimal below 10^-6 has no exponent in JSON",
    "json/code points": "the option writeNonAsciiCharacterAsCodePoint is refused by name",
    "json/pretty": "the option pretty is refused by name",
}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.key)
def test_the_text(firn, case):
    folder = firn.folder / "out"
    answer = firn.run(case.statement(folder))[0]
    wanted = WRITTEN[case.key]
    got = {"error": answer["condition"]} if "condition" in answer else {"files": text_of(folder)}
    agreed = got == wanted or ("error" in got and "error" in wanted)
    if case.key in KNOWN:
        assert not agreed, "it agrees with Spark now"
        pytest.xfail(KNOWN[case.key])
    if not agreed:
        assert got == wanted
