"""Lists the rows that firn answers otherwise than Spark: what Spark says, what firn says.

triage.py [FILE…]; --all: known differences too; --prune: takes those that agree now out of known_differences.tsv. FIRN names the program where it is not build/release/firn.
"""

import os
import sys
import tempfile
from pathlib import Path

import cases
import firn_answers

ROOT = Path(__file__).resolve().parents[2]


def short(answer):
    if "rows" in answer:
        return f"{answer['columns']} {answer['rows'][:5]}"
    return answer.get("crash") or f"{answer['error']} {answer['sqlstate']} {answer.get('message', '')}"


def main(arguments):
    names = [argument for argument in arguments if not argument.startswith("-")]
    binary = os.environ.get("FIRN", ROOT / "build/release/firn")
    files = [file for file in cases.read_files() if not names or file.path.stem in names]
    known = {} if "--all" in arguments else cases.read_known_differences()
    with tempfile.TemporaryDirectory() as warehouse:
        answers = firn_answers.answers(binary, warehouse, files)
    agreeing = differing = listed = 0
    settled = set()
    for file in files:
        golden = cases.read_golden(file)
        for row in file.rows:
            if row.kind == "setup" or row.key not in golden:
                continue
            key = (row.file, *row.key)
            if cases.agree(row, golden[row.key], answers[key]):
                agreeing += 1
                settled.add(key)
            elif key in known:
                listed += 1
            else:
                differing += 1
                print(f"{row.file}:{row.line} {row.conf}\n  {row.sql}")
                print(f"  Spark {short(golden[row.key])}\n  firn  {short(answers[key])[:600]}")
    if "--prune" in arguments:
        cases.forget_differences(settled)
    print(f"{agreeing} rows agree, {listed} known differences, {differing} others")


if __name__ == "__main__":
    main(sys.argv[1:])
