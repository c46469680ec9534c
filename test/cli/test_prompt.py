"""What only a terminal shows: the prompt with its history and completion, the status line of a run."""

import os
import pty
import select
import signal
import subprocess
import time

import pytest


class Terminal:
    def __init__(self, firn, *arguments):
        try:
            self.screen, end = pty.openpty()
        except OSError as error:
            pytest.skip(f"no terminal to be had here: {error}")
        self.seen = ""
        self.process = subprocess.Popen([firn.binary, *map(str, arguments)], stdin=end, stdout=end, stderr=end, cwd=firn.folder,
                                        env=dict(firn.environment(), TERM="xterm"), close_fds=True)
        os.close(end)

    def until(self, text, seconds=60):
        """Reads until the text has come since the last call."""
        deadline = time.monotonic() + seconds
        while text not in self.seen:
            assert time.monotonic() < deadline, f"no {text!r} in {self.seen!r}"
            if select.select([self.screen], [], [], 0.1)[0]:
                try:
                    self.seen += os.read(self.screen, 65536).decode(errors="replace")
                except OSError:
                    assert text in self.seen, self.seen
        before, self.seen = self.seen.split(text, 1)
        return before

    def type(self, keys):
        os.write(self.screen, keys.encode())

    def end(self):
        try:
            return self.process.wait(timeout=30)
        finally:
            self.process.kill()
            os.close(self.screen)


def test_the_prompt_has_history_and_completion(firn, tmp_path):
    prompt = Terminal(firn, "sql")
    prompt.until("firn> ")
    prompt.type("SELECT 40 + 2\r")
    prompt.until("-> ")                                  # a statement may have several lines
    prompt.type("AS answer;\r")
    assert "42" in prompt.until("1 row, ")
    prompt.until("firn> ")
    prompt.type("DESCRI\t")
    prompt.until("DESCRIBE")
    prompt.type("\x15SELECT nope;\r")
    prompt.until("[UNRESOLVED_COLUMN")
    prompt.until("firn> ")                               # an error does not end it
    prompt.type("SELECT half")
    prompt.until("half")
    prompt.process.send_signal(signal.SIGINT)            # as Ctrl-C
    prompt.until("^C")
    prompt.until("firn> ")
    prompt.type("\x1b[A\x1b[A\r")                        # two statements back
    assert "42" in prompt.until("1 row, ")
    prompt.until("firn> ")
    prompt.type("\x04")
    assert prompt.end() == 0
    assert (tmp_path / ".firn_history").read_text().splitlines()[:2] == ["SELECT 40 + 2 AS answer;", "SELECT nope;"]


def test_a_run_has_a_status_line(firn, tmp_path):
    (tmp_path / "p.sql").write_text("CREATE STREAMING TABLE s.t AS SELECT value FROM STREAM read_stream("
                                    "__format => 'rate-micro-batch', rowsPerBatch => '10', startTimestamp => '1000');")
    run = Terminal(firn, "run", "p.sql", "--once")
    run.until("batch 0 s.t: 10 in")
    assert "10 out" in run.until("so far")
    assert run.end() == 0
