"""The wheel in a fresh environment: `firn run`, `firn.connect()`, the pytest fixture. Skipped where none was made."""

import os
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
WHEELS = sorted((ROOT / "build/wheel").glob("firn-*.whl"))
pytestmark = pytest.mark.skipif(not WHEELS, reason="./dev wheel makes build/wheel")


@pytest.fixture(scope="module")
def environment(tmp_path_factory):
    """An environment of its own with the wheel; PySpark, pandas and pytest are those of this one."""
    folder = tmp_path_factory.mktemp("venv") / "env"
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    python = folder / "bin/python"
    subprocess.run([str(python), "-m", "pip", "install", "-q", "--no-index", "--no-deps", str(WHEELS[-1])], check=True)
    packages = next((folder / "lib").glob("python3*/site-packages"))
    (packages / "peers.pth").write_text(sysconfig.get_paths()["purelib"] + "\n")
    return folder


def run(environment, folder, *command):
    kept = {key: value for key, value in os.environ.items()
            if not key.startswith(("FIRN", "PYTHON", "SPARK", "PYSPARK", "AWS_", "VIRTUAL_ENV"))}
    return subprocess.run([str(environment / "bin" / command[0]), *command[1:]], cwd=folder, capture_output=True,
                          text=True, timeout=180, env={**kept, "HOME": str(folder)})


def test_a_script(environment, tmp_path):
    (tmp_path / "job.py").write_text("""
import sys
from awsglue.context import GlueContext
from pyspark.context import SparkContext
from pyspark.sql import functions as F
import awsglue
assert "site-packages" in awsglue.__file__
spark = GlueContext(SparkContext()).spark_session
print(spark.range(3).select(F.udf(lambda n: n + 1, "bigint")("id").alias("n")).agg(F.sum("n")).collect()[0][0], sys.argv[1:])
sys.exit(4)
""")
    done = run(environment, tmp_path, "firn", "run", "job.py", "--JOB_NAME", "x")
    assert (done.returncode, done.stdout) == (4, "6 ['--JOB_NAME', 'x']\n"), done.stderr


def test_a_session(environment, tmp_path):
    done = run(environment, tmp_path, "python", "-c", "import firn; print(firn.connect().range(3).count())")
    assert (done.returncode, done.stdout) == (0, "3\n"), done.stderr


def test_the_fixture_of_pytest(environment, tmp_path):
    (tmp_path / "test_it.py").write_text("def test_rows(spark):\n    assert spark.range(3).count() == 3\n")
    done = run(environment, tmp_path, "python", "-m", "pytest", "-q", "test_it.py")
    assert done.returncode == 0 and "1 passed" in done.stdout, done.stdout + done.stderr
