"""Starting `firn server` for notebooks, tests and plain Python programs, and connecting to it."""

import atexit
import os
import re
import shutil
import subprocess
import sys
import threading
from pathlib import Path

from firn.spark.process import sessions

READY = re.compile(r"sc://[^\s]+")
START_SECONDS = 30


def find_binary():
    """The firn program: FIRN, the wheel's own, PATH, a build of the source tree."""
    here = Path(__file__).resolve()
    candidates = [os.environ.get("FIRN"), here.parent / "bin" / "firn"]
    candidates += [here.parents[2] / "build" / preset / "firn" for preset in ("release", "quick")]
    for candidate in candidates:
        if candidate and os.access(candidate, os.X_OK):
            return str(candidate)
    found = shutil.which("firn")
    if found and not _is_console_script(found):
        return found
    raise FileNotFoundError("the firn program was not found: set FIRN to its path, or install firn's wheel")


def _is_console_script(path):
    with open(path, "rb") as file:
        return file.read(2) == b"#!"


def _close_sessions(address, alive):
    """PySpark's sessions on that server: when the program ends each would knock at it for ten minutes."""
    for session in list(sessions):
        if session._firn_connection == address:
            session.release_session_on_close = alive
            session.stop()


class Server:
    """A firn server in a process of its own, stopped with this one."""

    def __init__(self, conf=None, warehouse=None, port=0, cwd=None):
        command = [find_binary(), "server", "--port", str(port)]
        for key, value in (conf or {}).items():
            command += ["--conf", f"{key}={value}"]
        if warehouse:
            command += ["--warehouse", str(warehouse)]
        environment = {"FIRN_PYTHON": sys.executable, **os.environ}  # its workers run this interpreter
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, text=True, cwd=cwd, env=environment)
        self._said = []
        self._ready = threading.Event()
        self.address = None
        for stream in (self.process.stdout, self.process.stderr):
            threading.Thread(target=self._read, args=(stream,), daemon=True).start()
        self._ready.wait(START_SECONDS)
        if self.address is None:
            self.stop()
            raise RuntimeError("firn server did not start: " + ("".join(self._said).strip() or "it said nothing"))
        atexit.register(self.stop)

    def _read(self, stream):
        for line in stream:
            found = READY.search(line)
            if found and self.address is None:
                self.address = found.group(0).rstrip(".,)")
                self._ready.set()
            elif self.address is None:
                self._said.append(line)
        self.process.wait()
        self._ready.set()

    def stop(self):
        atexit.unregister(self.stop)
        _close_sessions(self.address, self.process.poll() is None)
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()


_started = None  # what connect() started, and its warehouse
_warehouse = None


def _own_server(conf, warehouse):
    """The server that this process started; there is one, on one warehouse."""
    global _started, _warehouse
    warehouse = warehouse and str(Path(warehouse).resolve())
    if _started is None or _started.process.poll() is not None:
        _started, _warehouse = Server(conf=conf, warehouse=warehouse), warehouse
    elif warehouse and warehouse != _warehouse:
        raise ValueError(f"firn.connect() has a server on {_warehouse or 'the default warehouse'} already: for a second one "
                         "use firn.connect(firn.Server(warehouse=…).address)")
    return _started


def connect(address=None, conf=None, warehouse=None):
    """A Spark session: on `address` (sc://…), on SPARK_REMOTE, else on a server started here once.

    `warehouse` is that server's (./warehouse without it); `conf` holds confs of the session.
    """
    from firn import spark as shim
    shim.install()
    if address and warehouse:
        raise ValueError("firn.connect(): the server at an address has its own warehouse; give one of address and warehouse")
    given = os.environ.get("SPARK_REMOTE")
    if _started is not None and given == _started.address:
        given = None  # our own server, which may have ended since
    if address is None and (warehouse or not given):
        address = _own_server(conf, warehouse).address
    os.environ["SPARK_REMOTE"] = address = address or given
    from pyspark.sql.connect.session import SparkSession
    builder = SparkSession.builder.remote(address)
    for key, value in (conf or {}).items():
        builder = builder.config(key, value)
    active = SparkSession.getActiveSession()
    if active is not None and active._firn_connection != address:
        return builder.create()  # getOrCreate would give the session on that other server
    return builder.getOrCreate()
