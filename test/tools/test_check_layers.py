"""tools/check_layers.py on small made-up trees: one row a rule."""

import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "tools/check_layers.py"

LINES = """
firn_module(base EXPOSES fmt::fmt)
firn_module(files USES base)
firn_module(engine USES base
  FOREIGN DuckDB::duckdb PCH engine/duck.h)
firn_module(session USES base engine)
"""


def run(tmp_path, lines, files):
    (tmp_path / "src").mkdir()
    (tmp_path / "src/CMakeLists.txt").write_text(lines)
    for name, text in files.items():
        path = tmp_path / "src" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    done = subprocess.run(
        [sys.executable, str(SCRIPT), str(tmp_path)], capture_output=True, text=True
    )
    return done.returncode, done.stdout


ALLOWED = {
    "own header": {"base/a.h": "", "base/a.cc": '#include "base/a.h"\n#include <vector>\n'},
    "used module": {"base/a.h": "", "files/f.cc": '#include "base/a.h"\n'},
    "exposed library": {"files/f.cc": "#include <fmt/format.h>\n"},
    "home of DuckDB": {
        "engine/duck.h": '#include "duckdb.hpp"\n#include "parquet_writer.hpp"\n',
        "engine/e.cc": '#include "engine/duck.h"\n',
    },
}


@pytest.mark.parametrize("name", ALLOWED)
def test_allowed(tmp_path, name):
    assert run(tmp_path, LINES, ALLOWED[name]) == (0, "")


REFUSED = {
    "module not used": (
        {"engine/e.h": "", "files/f.cc": '// line one\n#include "engine/e.h"\n'},
        "src/files/f.cc:2: files does not use engine (engine/e.h)",
    ),
    "use is not inherited": (
        {"files/f.h": "", "session/s.cc": '#include "files/f.h"\n'},
        "src/session/s.cc:1: session does not use files",
    ),
    "foreign library elsewhere": (
        {"session/s.cc": '#include "duckdb/main/connection.hpp"\n'},
        "session does not name DuckDB::duckdb",
    ),
    "foreign library through a header": (
        {
            "engine/duck.h": '#include "duckdb.hpp"\n',
            "engine/e.h": '#include "engine/duck.h"\n',
            "session/s.cc": '#include "engine/e.h"\n',
        },
        "src/session/s.cc:1: engine/e.h pulls in DuckDB::duckdb",
    ),
    "tests too": (
        {"engine/e.h": "", "base/a_test.cc": '#include "engine/e.h"\n'},
        "src/base/a_test.cc:1: base does not use engine",
    ),
    "path not from src": (
        {"base/a.h": "", "base/a.cc": '#include "a.h"\n'},
        "write base/a.h",
    ),
    "folder without a line": ({"helpers/h.cc": ""}, "folder helpers has no firn_module line"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused(tmp_path, name):
    files, complaint = REFUSED[name]
    code, output = run(tmp_path, LINES, files)
    assert code == 1
    assert complaint in output


@pytest.mark.parametrize(
    "lines, complaint",
    [
        ("firn_module(a USES b)\nfirn_module(b)\n", "a uses b, which is not above it"),
        ("firn_module(a FOREIGN DuckDB::duckdb)\n", "a names DuckDB::duckdb, whose home is engine"),
    ],
)
def test_module_lines(tmp_path, lines, complaint):
    code, output = run(tmp_path, lines, {})
    assert code == 1
    assert complaint in output


def test_this_tree():
    done = subprocess.run([sys.executable, str(SCRIPT)], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "")
