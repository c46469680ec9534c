"""Iceberg's own REST catalog server, from its test fixtures on Maven Central (tools/setup/rest-jars.txt)."""

import os
import socket
import subprocess
import time
from pathlib import Path

import pyspark

ROOT = Path(__file__).resolve().parents[2]
JARS = Path(os.environ.get("FIRN_REST_JARS", ROOT / ".deps/peers/rest"))
SOURCE = Path(__file__).with_name("LoopbackCatalogServer.java")
HADOOP = [str(jar) for jar in (Path(pyspark.__file__).parent / "jars").glob("hadoop-client-*.jar")]


class RestServer:
    """`uri`. Options are those of the catalog behind it; its list of tables is a file. stop() is a kill; start() starts it again."""

    def __init__(self, folder, warehouse, **options):
        jars = [str(jar) for jar in JARS.glob("*.jar")]
        assert jars, f"{JARS} is missing: tools/setup/peers.sh fetches it"
        classes = Path(folder) / "classes"
        class_path = ":".join([str(classes), *jars, *HADOOP])
        subprocess.run(["javac", "-d", str(classes), "-cp", class_path, str(SOURCE)], check=True)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.endpoint = self.uri = f"http://127.0.0.1:{self.port}"
        options = {"uri": f"jdbc:sqlite:{folder}/rest.db", "warehouse": warehouse, **options}
        self._command = ["java", "-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-cp", class_path,
                         "org.apache.iceberg.rest.LoopbackCatalogServer", str(self.port), *(f"{k}={v}" for k, v in options.items())]
        self._log = Path(folder) / "server.log"
        self.start()

    def start(self):
        with open(self._log, "a", encoding="utf-8") as log:
            self.process = subprocess.Popen(self._command, stdout=subprocess.DEVNULL, stderr=log)
        try:
            self._wait()
        except BaseException:
            self.stop()
            raise

    def stop(self):
        self.process.kill()
        self.process.wait()

    def _wait(self):
        for _ in range(1800):
            assert self.process.poll() is None, "the REST catalog server did not start"
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.1)
        raise AssertionError("the REST catalog server does not answer")
