"""Iceberg tables as a user of Spark knows them: firn's answers, over Spark Connect, are real Spark's (rows/*.json)."""

import os
from pathlib import Path

import pytest

from table_cases import ROOT, difference, of_firn, read_answers, read_cases

FILES = ["alter", "inserts", "writers", "snapshots", "procedures", "metadata", "definitions", "partitioning",
         "evolution", "migration"]


@pytest.fixture(scope="module", params=FILES)
def answers(request, tmp_path_factory):
    binary = Path(os.environ.get("FIRN", ROOT / "build/release/firn"))
    return request.param, of_firn(binary, tmp_path_factory.mktemp("cases"), request.param)


def test_answers_are_sparks(answers):
    name, given = answers
    spark, cases, wrong = read_answers(name), read_cases(name), []
    for case, statements in cases.items():
        for statement, want, got in zip(statements, spark[case], given[case], strict=True):
            why = difference(statement, want, got)
            if why is not None:
                wrong.append(f"{case}\n{statement}\n{why}")
    assert not wrong, "\n\n".join(wrong)
