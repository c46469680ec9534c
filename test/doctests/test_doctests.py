"""PySpark's own doctests against firn: what is not listed in failing.tsv passes, what is listed there fails.

No docstring may end the server or be answered with an internal error.
"""

import re

import pytest

import documents

DOCUMENTS = documents.read_documents()
FAILING = documents.read_reasons(documents.FAILING)
UNORDERED = documents.read_reasons(documents.UNORDERED)
ASKED = ("functions", "dataframe", "column", "readwriter", "types")  # these count for the share
SHARE = 0.9
BUGS = re.compile(r"FIRN_INTERNAL|\[INTERNAL_ERROR|INTERNAL Error|Assertion|FIRN_CHECK")


@pytest.mark.timeout(120)
@pytest.mark.parametrize("name", DOCUMENTS)
def test_docstring(name, server, spark, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    report = documents.run(DOCUMENTS[name], spark, name in UNORDERED)
    assert server.process.poll() is None, "the server has died:\n" + "".join(server.errors)
    assert not BUGS.search(report), report
    if name in FAILING:
        assert report, "passes now: take it out of failing.tsv"
    else:
        assert not report, report


@pytest.mark.parametrize("listed", [FAILING, UNORDERED], ids=["failing", "unordered"])
def test_lists_name_docstrings(listed):
    assert not set(listed) - set(DOCUMENTS), "a docstring that does not exist"
    assert all(listed.values()), "a reason for each"


def test_share_of_docstrings():
    asked = [name for name in DOCUMENTS if name.split(".")[0] in ASKED]
    passing = [name for name in asked if name not in FAILING]
    assert len(passing) >= SHARE * len(asked), f"{len(passing)} of {len(asked)}"
