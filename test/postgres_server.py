"""A PostgreSQL server of one's own on loopback."""

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from pathlib import Path

PROGRAMS = sorted(Path("/usr/lib/postgresql").glob("*/bin"))


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Postgres:
    """A new cluster with the superuser `firn`, no password. The server refuses to run as root: `nobody` runs it then.

    Its folder is its own: pytest's folders are closed to other users anew whenever a pytest starts.
    """

    def __init__(self):
        assert PROGRAMS, "PostgreSQL is not installed (./dev setup --peers)"
        self.folder, self.port = Path(tempfile.mkdtemp(prefix="firn-postgres-")), free_port()
        prefix = []
        if os.geteuid() == 0:
            user = pwd.getpwnam("nobody")
            os.chown(self.folder, user.pw_uid, user.pw_gid)
            prefix = ["setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"]
        data = self.folder / "data"
        made = subprocess.run([*prefix, PROGRAMS[-1] / "initdb", "-D", data, "-U", "firn", "--auth=trust", "-E", "UTF8"],
                              capture_output=True, text=True, cwd="/")
        assert made.returncode == 0, made.stderr
        self.process = subprocess.Popen(
            [*prefix, PROGRAMS[-1] / "postgres", "-D", data, "-p", str(self.port), "-h", "127.0.0.1", "-k", "", "-F"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd="/")
        for _ in range(600):
            if self._psql("SELECT 1").returncode == 0:
                return
            assert self.process.poll() is None, "PostgreSQL has ended"
            time.sleep(0.1)

    def _psql(self, text):
        return subprocess.run([PROGRAMS[-1] / "psql", "-h", "127.0.0.1", "-p", str(self.port), "-U", "firn", "-d", "postgres",
                               "-v", "ON_ERROR_STOP=1", "-At", "-c", text], capture_output=True, text=True)

    def sql(self, text):
        done = self._psql(text)
        assert done.returncode == 0, done.stderr
        return done.stdout.splitlines()

    @property
    def jdbc(self):
        return f"jdbc:postgresql://127.0.0.1:{self.port}/postgres"

    @property
    def url(self):
        return f"{self.jdbc}?user=firn"

    def stop(self):
        self.process.terminate()
        self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)
