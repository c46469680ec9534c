"""docs/connect-coverage.md says what the protocol has and what firn does: complete, up to date, and true where it says
that something is refused."""

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

TOOL = Path(__file__).resolve().parent.parent.parent / "tools/connect_coverage.py"
spec = importlib.util.spec_from_file_location("connect_coverage", TOOL)
coverage = importlib.util.module_from_spec(spec)
spec.loader.exec_module(coverage)


def test_page_is_what_the_table_says():
    made = subprocess.run([sys.executable, TOOL, "--check"], capture_output=True, text=True)
    assert made.returncode == 0, made.stdout


REFUSED = [case for (group, case), (state, _) in coverage.table().items() if group == "Relations" and state == "refused"]


@pytest.mark.parametrize("case", REFUSED)
def test_refused_relation_is_named(spark, case):
    from pyspark.errors import PySparkException
    from pyspark.sql.connect import proto

    plan = proto.Plan()
    getattr(plan.root, case).SetInParent()
    client = spark.client
    request = client._execute_plan_request_with_metadata()
    request.plan.CopyFrom(plan)
    with pytest.raises(PySparkException) as raised:
        client._execute_and_fetch(request, {})
    name = {"apply_in_pandas_with_state": "applyInPandasWithState"}.get(case, f"{case} of Spark Connect")
    assert name in str(raised.value)
