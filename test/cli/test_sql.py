"""firn sql: formats, inputs, errors."""

import json
import os
import pty
import signal
import subprocess
import time

import pytest

ROWS = "SELECT * FROM VALUES (1, 'a', 1.50BD), (2, NULL, NULL) AS t(id, name, price)"

FORMATS = {
    "csv": "id,name,price\n1,a,1.50\n2,,\n",
    "json": '{"id":1,"name":"a","price":"1.50"}\n{"id":2,"name":null,"price":null}\n',
    "markdown": "| id | name | price |\n| ---: | --- | ---: |\n| 1 | a | 1.50 |\n| 2 | NULL | NULL |\n",
    "table": "┌────┬──────┬───────┐\n"
             "│ id │ name │ price │\n"
             "├────┼──────┼───────┤\n"
             "│  1 │ a    │  1.50 │\n"
             "│  2 │ NULL │  NULL │\n"
             "└────┴──────┴───────┘\n",
}


@pytest.mark.parametrize("name", FORMATS)
def test_formats(firn, name):
    run = firn("sql", "-e", ROWS, "--format", name)
    assert run.err == ""
    assert run.code == 0
    assert run.out.replace("\r\n", "\n") == FORMATS[name]


def test_inputs(firn, tmp_path):
    (tmp_path / "q.sql").write_text("-- a comment\nSELECT 1 AS a;\nSELECT 2 AS a;")
    assert firn("sql", "-f", "q.sql", "--format", "json").out == '{"a":1}\n{"a":2}\n'
    assert firn("sql", "--format", "json", stdin="SELECT 3 AS a").out == '{"a":3}\n'
    assert firn("sql", "-e", "SELECT 1 AS a", "-e", "SELECT 2 AS a", "--format", "json").out == '{"a":1}\n{"a":2}\n'


def test_tables_outlive_the_process(firn, tmp_path):
    assert firn("sql", "-e", "CREATE NAMESPACE s; CREATE TABLE s.t (id INT); INSERT INTO s.t VALUES (1), (2)").code == 0
    assert (tmp_path / "warehouse/catalog.db").exists()
    assert firn("sql", "-e", "SELECT sum(id) AS n FROM s.t", "--format", "json").out == '{"n":3}\n'
    other = firn("sql", "--warehouse", "other", "-e", "SELECT * FROM s.t")
    assert other.code == 1
    assert "TABLE_OR_VIEW_NOT_FOUND" in other.err


def test_changes_of_rows_say_how_many(firn, tmp_path):
    # Only people are told: standard output is a terminal.
    try:
        terminal, end = pty.openpty()
    except OSError as error:
        pytest.skip(f"no terminal to be had here: {error}")
    run = subprocess.run([firn.binary, "sql", "-e", "CREATE TABLE t (id INT, v INT); INSERT INTO t VALUES (1, 1), (2, 2), (3, 3); "
               "UPDATE t SET v = 0 WHERE id > 1; DELETE FROM t WHERE id = 2; "
               "MERGE INTO t USING (SELECT 3 AS id UNION ALL SELECT 9) s ON t.id = s.id "
               "WHEN MATCHED THEN DELETE WHEN NOT MATCHED THEN INSERT (id) VALUES (s.id)"],
                         cwd=tmp_path, env=firn.environment(), stdin=subprocess.DEVNULL, stdout=end, stderr=subprocess.PIPE, text=True, timeout=60)
    os.close(end)
    os.close(terminal)
    said = run.stderr
    assert run.returncode == 0, said
    assert "updated 2 rows" in said and "deleted 1 rows" in said and "deleted 1, inserted 1 rows" in said
    assert firn("sql", "-e", "SELECT id FROM t ORDER BY id", "--format", "json").out == '{"id":1}\n{"id":9}\n'


def test_counts_leave_deleted_rows_out(firn):
    """DuckDB counts rows by the files' footers, which know nothing of delete files."""
    made = firn("sql", "-e", """CREATE TABLE t (id INT, d DOUBLE) USING iceberg TBLPROPERTIES ('write.delete.mode' = 'merge-on-read');
        INSERT INTO t SELECT id, id FROM range(100); DELETE FROM t WHERE id < 10""")
    assert made.code == 0, made.err
    for sql, want in [("count(*) AS n FROM t", 90), ("count(*) AS n FROM t WHERE id <= 300", 90), ("count(id) AS n FROM t", 90),
                      ("min(id) AS n FROM t", 10), ("count(*) AS n FROM t WHERE id IS NULL", 0)]:
        assert firn("sql", "--format", "json", "-e", f"SELECT {sql}").out == f'{{"n":{want}}}\n', sql


def test_filters_on_a_float_that_became_a_double(firn):
    """Together with a column that is taken from the partition."""
    made = firn("sql", "-e", """CREATE TABLE w (i INT, f FLOAT) USING iceberg PARTITIONED BY (i); INSERT INTO w VALUES (5, 0.1), (6, 6.5);
        ALTER TABLE w ALTER COLUMN i TYPE BIGINT; ALTER TABLE w ALTER COLUMN f TYPE DOUBLE; INSERT INTO w VALUES (7, 7.5)""")
    assert made.code == 0, made.err
    for condition, want in [("f < 7", "5\n6\n"), ("f = 6.5", "6\n"), ("f <= 0.1D", ""), ("f > 0.1D", "5\n6\n7\n"), ("i = 5", "5\n")]:
        run = firn("sql", "--format", "csv", "-e", f"SELECT i FROM w WHERE {condition} ORDER BY i")
        assert run.out.replace("\r", "") == "i\n" + want, condition + run.err


def test_a_text_is_parsed_once(firn, tmp_path):
    """A filter on what from_json gives runs above it: below, the text would be parsed there and again for the output."""
    (tmp_path / "events.txt").write_text('{"id": 1, "ok": true}\n{"id": 2, "ok": false}\n')
    query = ("SELECT e.* FROM (SELECT from_json(value, 'id INT, ok BOOLEAN') e FROM text.`events.txt`) "
             "WHERE e.ok AND e.id > 0")
    plan = firn("sql", "-e", "EXPLAIN " + query).out
    filters = plan[plan.index("== Physical Plan =="):].partition("FILTER")[2].partition("└")[0]
    assert "f0" in filters and "from_json" not in filters, plan
    assert firn("sql", "-e", query, "--format", "csv").out == "id,ok\n1,true\n"


def test_configuration(firn, tmp_path):
    (tmp_path / "my.conf").write_text("spark.sql.session.timeZone Asia/Tokyo\nmy.value = from the file\n")
    query = "SELECT timestamp'2024-01-01 00:00:00Z' AS t, '${my.value}' AS v"
    run = firn("sql", "--properties-file", "my.conf", "-e", query, "--format", "json")
    assert json.loads(run.out) == {"t": "2024-01-01 09:00:00", "v": "from the file"}
    run = firn("sql", "--properties-file", "my.conf", "--conf", "my.value=given", "-e", query, "--format", "json")
    assert json.loads(run.out)["v"] == "given"
    assert "--conf" in firn("sql", "--conf", "novalue", "-e", "SELECT 1").err


def test_syntax_error_has_line_column_and_caret(firn, tmp_path):
    (tmp_path / "bad.sql").write_text("SELECT 1;\nSELECT * FORM t")
    run = firn("sql", "-f", "bad.sql")
    assert run.code == 1
    assert run.err.startswith("error: [PARSE_SYNTAX_ERROR] ")
    assert "--> bad.sql:2:10\n" in run.err
    lines = run.err.splitlines()
    at = next(i for i, line in enumerate(lines) if "SELECT * FORM t" in line)
    assert lines[at].index("FORM") == lines[at + 1].index("^")
    assert "did you mean FROM?" in lines[at + 1]


def test_unknown_column_points_to_it(firn):
    run = firn("sql", "-e", "SELECT id,\n       nmae FROM VALUES (1, 'x') AS t(id, name)")
    assert run.code == 1
    assert "[UNRESOLVED_COLUMN.WITH_SUGGESTION]" in run.err
    assert "`name`" in run.err
    assert "<-e>:2:8" in run.err


def test_a_failing_value_is_an_error(firn):
    run = firn("sql", "-e", "SELECT cast('x' AS INT)")
    assert run.code == 1
    assert "[CAST_INVALID_INPUT]" in run.err
    assert run.out == ""


def test_errors_as_json(firn):
    run = firn("sql", "-e", "SELECT 1 +", "--format", "json")
    assert run.code == 1
    error = json.loads(run.err)
    assert error["condition"] == "PARSE_SYNTAX_ERROR"
    assert error["line"] == 1 and error["column"] == 11
    assert error["text"].startswith("error: [PARSE_SYNTAX_ERROR] ")


def test_a_script_ends_at_its_first_error(firn):
    run = firn("sql", "--format", "json", stdin="SELECT 1 AS a; SELECT nope; SELECT 2 AS a;")
    assert run.code == 1
    assert run.out == '{"a":1}\n'


def test_statements_run_as_they_arrive(firn):
    """Another program holds a conversation through pipes; a mistake names the line of the whole input."""
    process = subprocess.Popen([firn.binary, "sql", "--format", "json"], cwd=firn.folder, env=firn.environment(), text=True, bufsize=1,
                               stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    for number in range(3):
        process.stdin.write(f"SELECT {number}\nAS a;\n")
        assert process.stdout.readline() == f'{{"a":{number}}}\n'
    out, err = process.communicate("SELECT nope;\nSELECT 1;\n", timeout=60)
    assert (process.returncode, out) == (1, "")
    error = json.loads(err)
    assert error["line"] == 7 and "\n  7 | SELECT nope;\n" in error["text"]


def test_missing_file(firn):
    run = firn("sql", "-f", "nowhere.sql")
    assert run.code == 1
    assert "nowhere.sql" in run.err


def test_unwritable_warehouse(firn, tmp_path):
    (tmp_path / "file").write_text("in the way")
    run = firn("sql", "--warehouse", "file/warehouse", "-e", "SELECT 1")
    assert run.code == 1
    assert str(tmp_path / "file/warehouse") in run.err
    assert "--warehouse" in run.err


def test_a_prompt_without_a_terminal_reads_a_script(firn):
    run = firn("sql", stdin="")
    assert (run.code, run.out) == (0, "")


def test_a_query_is_interrupted(firn):
    process = firn.start("sql", "-e", "SELECT count(*) FROM range(1000000000000)")
    firn.wait_until_heeding_signals(process)
    time.sleep(1)
    assert process.poll() is None
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=10)
    assert process.returncode == 1
    assert "[OPERATION_CANCELED]" in err
    assert out == ""


def test_nobody_reads_the_rest(firn):
    process = firn.start("sql", "-e", "SELECT * FROM range(1000000000000)", "--format", "csv")
    assert [process.stdout.readline() for _ in range(3)] == ["id\n", "0\n", "1\n"]
    process.stdout.close()
    assert process.wait(timeout=10) == 1
    assert process.stderr.read() == ""


@pytest.mark.parametrize("folder", ["", "spilled"])
def test_what_does_not_fit_in_memory_spills(firn, tmp_path, monkeypatch, folder):
    """To firn.temp.folder, or the system's temporary folder; nothing stays there."""
    (tmp_path / "system").mkdir()
    monkeypatch.setenv("TMPDIR", str(tmp_path / "system"))
    run = firn("sql", "--format", "csv", "--conf", "firn.memory.limit=128m", "--conf", f"firn.temp.folder={folder}", "-e",
               "SELECT count(*) AS n, max(place) AS m FROM (SELECT row_number() OVER (ORDER BY h, id) AS place FROM "
               "(SELECT id, hash(id) AS h, uuid() AS u FROM range(3000000)))")
    assert (run.code, run.out) == (0, "n,m\n3000000,3000000\n"), run.err
    assert not list((tmp_path / "system").iterdir())
    assert not folder or not list((tmp_path / folder).iterdir())
