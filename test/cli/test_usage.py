"""Help, misspelt words, exit codes."""

import pytest


@pytest.mark.parametrize("arguments", [["--help"], ["sql", "--help"], ["run", "--help"], ["demo", "--help"],
                                       ["version", "--help"]])
def test_help_has_usage_and_examples(firn, arguments):
    run = firn(*arguments)
    assert run.code == 0
    assert "Usage: firn" in run.out
    assert "Example" in run.out
    assert run.err == ""


HELP_WORDS = {
    "sql": ["--execute", "--file", "--format", "--conf", "--properties-file", "--warehouse"],
    "run": ["FILE.sql", "--once", "--trigger-interval", "--log-format", "--metrics-port", "--conf",
            "--properties-file", "--warehouse"],
    "demo": ["--events", "--rate", "--warehouse", "--json", "--pipeline"],
}


@pytest.mark.parametrize("command", HELP_WORDS)
def test_help_names_every_option(firn, command):
    text = firn(command, "--help").out
    for word in HELP_WORDS[command]:
        assert word in text
    assert "--test-crash" not in text


def test_version(firn):
    run = firn("version")
    assert run.code == 0
    assert run.out.startswith("firn 0.")
    assert firn("--version").out == run.out


MISSPELT = [
    (["sqll"], "`sql`"),
    (["dmo"], "`demo`"),
    (["sql", "--formt", "csv"], "`--format`"),
    (["sql", "--warehous=x"], "`--warehouse`"),
    (["run", "--onec", "x.sql"], "`--once`"),
    (["demo", "--evnts", "5"], "`--events`"),
    (["sql", "-e", "SELECT 1", "--format", "jsn"], "`json`"),
    (["run", "x.sql", "--log-format", "jsonn"], "`json`"),
]


@pytest.mark.parametrize("arguments, nearest", MISSPELT)
def test_misspelt_words_are_answered_with_the_nearest(firn, arguments, nearest):
    run = firn(*arguments)
    assert run.code == 2
    assert "Did you mean " + nearest in run.err
    assert run.out == ""


@pytest.mark.parametrize("arguments", [["run"], ["sql", "extra"], ["demo", "--events", "many"], ["sql", "-e"]])
def test_wrong_arguments_are_usage_errors(firn, arguments):
    run = firn(*arguments)
    assert run.code == 2
    assert "error: " in run.err


def test_no_command_shows_help(firn):
    run = firn()
    assert run.code == 2
    assert "Usage: firn" in run.err


def test_misspelt_option_of_the_source(firn, tmp_path):
    (tmp_path / "p.sql").write_text(
        "CREATE STREAMING TABLE t AS SELECT value FROM STREAM read_kafka(bootstrapServer => 'x:1', subscribe => 'a')")
    run = firn("run", "p.sql")
    assert run.code == 1
    assert "bootstrapServers" in run.err
