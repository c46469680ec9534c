"""All cases of reading."""

import cases
import cases_columnar
import cases_csv
import cases_folders
import cases_json

CASES = [*cases.CASES, *cases_csv.CASES, *cases_json.CASES, *cases_folders.CASES, *cases_columnar.CASES]
assert len({case.key for case in CASES}) == len(CASES), "two cases of one name"
