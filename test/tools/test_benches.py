"""Each bench runs at a tiny size and prints the figures that it promises; the figures themselves say nothing at that size."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CASES = {
    "scan": (["--files", "200", "--rows", "20000", "--listings", "1000", "--repeats", "1"],
             {"cold_ms", "warm_ms", "pyiceberg_cold_ms", "files_found", "manifest_bytes"},
             {"query", "wall_seconds", "cpu_seconds", "duckdb_wall_seconds", "duckdb_cpu_seconds", "ratio_wall", "ratio_cpu"}),
    "latency": (["--rate", "200", "--seconds", "2", "--warm-up", "1", "--trigger", "500"],
                {"trigger_ms", "p50_seconds", "p99_seconds", "busy_cores", "cpu_seconds", "wall_seconds"}),
    "commits": (["--commits", "30", "--span", "10"],
                {"commits", "rows", "p99_ratio", "cpu_ratio", "bytes_ratio", "by_span", "metadata_file_bytes", "manifest_list_bytes", "cpu_seconds"}),
    "state": (["--keys", "4000", "--batch", "1000", "--file-rows", "1000"],
              {"keys", "events_per_cpu_second", "state_bytes", "restore_seconds", "cpu_seconds", "wall_seconds"}),
}


@pytest.mark.parametrize("name", CASES)
def test_a_bench_gives_its_figures(name, tmp_path):
    options, *wanted = CASES[name]
    done = subprocess.run([sys.executable, ROOT / f"bench/{name}.py", "--json", *options], capture_output=True, text=True, check=False, timeout=240,
                          env={**os.environ, "TMPDIR": str(tmp_path)})
    assert done.returncode == 0, done.stderr[-3000:] + done.stdout[-1000:]
    figures = [json.loads(line) for line in done.stdout.splitlines()]
    for keys in wanted:
        assert any(keys | {"cores", "processor", "peak_rss_mb"} <= figure.keys() for figure in figures), (keys, figures)


@pytest.mark.parametrize("name", CASES)
def test_a_bench_tells_its_parameters(name):
    done = subprocess.run([sys.executable, ROOT / f"bench/{name}.py", "--help"], capture_output=True, text=True, check=True)
    assert "--json" in done.stdout and f"./dev bench {name}" in done.stdout
