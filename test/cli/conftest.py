"""Runs the program as a person does: arguments in, exit code and both streams out."""

import os
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
SLOWER = int(os.environ.get("FIRN_TEST_SLOWER", "1"))


@dataclass
class Run:
    code: int
    out: str
    err: str


class Firn:
    def __init__(self, folder):
        self.binary = Path(os.environ.get("FIRN", ROOT / "build/release/firn"))
        self.folder = folder

    def environment(self):
        return dict(os.environ, HOME=str(self.folder), TZ="UTC")

    def __call__(self, *arguments, stdin="", timeout=60):
        done = subprocess.run(
            [self.binary, *map(str, arguments)], input=stdin, capture_output=True, text=True,
            cwd=self.folder, env=self.environment(), timeout=timeout * SLOWER)
        return Run(done.returncode, done.stdout, done.stderr)

    def start(self, *arguments):
        return subprocess.Popen(
            [self.binary, *map(str, arguments)], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True, cwd=self.folder, env=self.environment())

    @staticmethod
    def wait_until_heeding_signals(process):
        """Until SIGINT waits for the program's own thread: before that it ends the process, as it does any other."""
        end = time.monotonic() + 60
        while process.poll() is None and time.monotonic() < end:
            status = Path(f"/proc/{process.pid}/status").read_text()
            blocked = next(line.split()[1] for line in status.splitlines() if line.startswith("SigBlk:"))
            if int(blocked, 16) & 2:
                return
            time.sleep(0.05)
        raise AssertionError(f"the program does not heed signals; its exit code: {process.poll()}")


@pytest.fixture
def firn(tmp_path):
    return Firn(tmp_path)
