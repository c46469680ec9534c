"""Runs every docstring and writes what failed, a file a docstring, to FOLDER: survey.py FOLDER [WORD].

To sort failures by their cause; the last line counts them.
"""

import os
import signal
import sys
import tempfile
import time
from pathlib import Path

import conftest
import documents

TIME_S = 60
SLOW_S = 5


class Folders:
    def mktemp(self, name):
        return Path(tempfile.mkdtemp(prefix=name))


def give_up(*_):
    raise TimeoutError(f"not done in {TIME_S} s")


def main():
    folder, word = Path(sys.argv[1]).resolve(), sys.argv[2] if len(sys.argv) > 2 else ""
    folder.mkdir(parents=True, exist_ok=True)
    servers = conftest.Servers(Folders())
    signal.signal(signal.SIGALRM, give_up)
    counts = {}
    unordered = documents.read_reasons(documents.UNORDERED)
    for name, test in documents.read_documents().items():
        if word not in name:
            continue
        server = servers.get()
        spark = server.session()
        os.chdir(tempfile.mkdtemp())
        signal.alarm(TIME_S)
        begin = time.monotonic()
        try:
            report = documents.run(test, spark, name in unordered)
        except (Exception, SystemExit) as error:  # the docstring's own end
            report = f"{type(error).__name__}: {error}"
        if time.monotonic() - begin > SLOW_S:
            print(f"{name} took {time.monotonic() - begin:.1f} s", flush=True)
        signal.alarm(0)
        if server.process.poll() is not None:
            report += "\nSERVER DIED " + "".join(server.errors[-20:])
        part = counts.setdefault(name.split(".")[0], [0, 0])
        part[0] += not report
        part[1] += 1
        if report:
            (folder / name).write_text(report)
        else:
            (folder / name).unlink(missing_ok=True)
        if server.process.poll() is None:
            conftest.clean(server)
            if not spark.is_stopped:
                spark.stop()
    for name, (passed, total) in counts.items():
        print(f"{name:<12} {passed} of {total}")
    passed, total = (sum(part[i] for part in counts.values()) for i in (0, 1))
    print(f"{passed} of {total} pass", flush=True)
    if servers.current is not None:
        servers.current.stop()
    os._exit(0)


if __name__ == "__main__":
    main()
