"""The wheel in a fresh environment: `firn run`, `python -m firn`, `firn.connect()`, the pytest fixture; with the full
package and with the client alone. Skipped where no wheel was made."""

import os
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FIRN = os.environ.get("FIRN", str(ROOT / "build/release/firn"))


@pytest.fixture(scope="module")
def environment(tmp_path_factory):
    """An environment of its own with the wheel; PySpark, pandas and pytest are those of this one."""
    folder = tmp_path_factory.mktemp("venv") / "env"
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    python = folder / "bin/python"
    made = folder.parent / "wheel"
    subprocess.run([sys.executable, str(ROOT / "tools/wheel.py"), "--binary", FIRN, "--target", str(made), "--level", "0"],
                   check=True)
    wheel = next(made.glob("firn-*.whl"))
    subprocess.run([str(python), "-m", "pip", "install", "-q", "--no-index", "--no-deps", str(wheel)], check=True)
    wheel.unlink()
    packages = next((folder / "lib").glob("python3*/site-packages"))
    (packages / "peers.pth").write_text(sysconfig.get_paths()["purelib"] + "\n")
    return folder


CLIENT = Path(os.environ.get("FIRN_PEERS", ROOT / ".deps/peers")) / "clients/4.2"  # no Spark home beside it


def run(environment, folder, *command, client=None):
    kept = {key: value for key, value in os.environ.items()
            if not key.startswith(("FIRN", "PYTHON", "SPARK", "PYSPARK", "AWS_", "VIRTUAL_ENV"))}
    if client:
        kept["PYTHONPATH"] = str(client)
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


def test_as_a_module(environment, tmp_path):
    (tmp_path / "job.py").write_text("from pyspark.sql import SparkSession\n"
                                     "print(SparkSession.builder.getOrCreate().range(3).count())\n")
    done = run(environment, tmp_path, "python", "-m", "firn", "run", "job.py")
    assert (done.returncode, done.stdout) == (0, "3\n"), done.stderr
    done = run(environment, tmp_path, "python", "-m", "firn", "--version")
    assert done.stdout.startswith("firn ")


@pytest.mark.parametrize("client", [None, CLIENT], ids=["pyspark", "client"])
def test_a_session(environment, tmp_path, client):
    if client and not client.exists():
        pytest.fail("the client 4.2 is not installed (./dev setup --peers)")
    done = run(environment, tmp_path, "python", "-c", "import firn; print(firn.connect().range(3).count())", client=client)
    assert (done.returncode, done.stdout) == (0, "3\n"), done.stderr


def test_tables_stay_in_the_folder(environment, tmp_path):
    """Without a warehouse: ./warehouse, as `firn sql` and `firn run` have it."""
    first = "import firn; firn.connect().sql('CREATE TABLE t USING iceberg AS SELECT 7 AS a')"
    second = "import firn; print(firn.connect(conf={'my.conf': 1}).table('t').collect(), firn.connect().conf.get('my.conf'))"
    for program, output in ((first, ""), (second, "[Row(a=7)] 1\n")):
        done = run(environment, tmp_path, "python", "-c", program)
        assert (done.returncode, done.stdout, done.stderr) == (0, output, "")
    assert [path.name for path in tmp_path.iterdir()] == ["warehouse"]
    (tmp_path / "job.py").write_text("from pyspark.sql import SparkSession\n"
                                     "print(SparkSession.builder.getOrCreate().table('t').collect())\n")
    assert run(environment, tmp_path, "firn", "run", "job.py").stdout == "[Row(a=7)]\n"


def test_servers_of_one_program(environment, tmp_path):
    """connect() has one server; one that was stopped is started again; another address is another session."""
    done = run(environment, tmp_path, "python", "-c", """
import firn, firn.server
spark = firn.connect()
assert firn.connect() is spark
spark.stop()
assert firn.connect().range(2).count() == 2
firn.server._started.stop()
assert firn.connect().range(3).count() == 3
with firn.Server(warehouse="other") as other:
    there = firn.connect(other.address)
    there.sql("CREATE TABLE o USING iceberg AS SELECT 1 AS a")
    assert there.table("o").count() == 1
assert [row.tableName for row in firn.connect(firn.server._started.address).sql("SHOW TABLES").collect()] == []
for wrong in (dict(warehouse="third"), dict(address="sc://127.0.0.1:1", warehouse="third")):
    try:
        firn.connect(**wrong)
    except ValueError as failure:
        print(failure)
""")
    assert done.returncode == 0, done.stderr
    assert [line.partition(":")[0] for line in done.stdout.splitlines()] == [
        "firn.connect() has a server on the default warehouse already", "firn.connect()"]


def test_the_fixture_of_pytest(environment, tmp_path):
    (tmp_path / "test_it.py").write_text("def test_rows(spark):\n    assert spark.range(3).count() == 3\n")
    done = run(environment, tmp_path, "python", "-m", "pytest", "-q", "test_it.py")
    assert done.returncode == 0 and "1 passed" in done.stdout, done.stdout + done.stderr
