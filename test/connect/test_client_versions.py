"""Stock clients of other versions than the suite's own: tools/setup/clients.txt names them, client_cases.py what they do."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from client_cases import CASES
from conftest import ROOT

CLIENTS = Path(os.environ.get("FIRN_PEERS", ROOT / ".deps/peers")) / "clients"
VERSIONS = ["3.5", "4.0", "4.2"]
ran = {}


def run(version, server, folder):
    """Each case's trouble (None: it went well), of one process with that client."""
    package = CLIENTS / version
    if not package.exists():
        pytest.skip(f"the client {version} is not installed (./dev setup --peers)")
    environment = {k: v for k, v in os.environ.items() if k != "SPARK_CONNECT_MODE_ENABLED"}
    environment.update(PYTHONPATH=str(package), SPARK_CONNECT_MODE_ENABLED="1", TZ="UTC")
    process = subprocess.Popen([sys.executable, Path(__file__).with_name("client_cases.py"), server.address, folder],
                               env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        out = process.communicate(timeout=300)[0]
    except subprocess.TimeoutExpired:  # the cases before the one that hangs have told how they went
        process.kill()
        out = process.communicate()[0]
    lines = [json.loads(line) for line in out.splitlines() if line.startswith(('{"version"', '{"case"'))]
    assert lines and lines[0]["version"].startswith(version), out
    return {line["case"]: line["trouble"] for line in lines[1:]}


@pytest.mark.parametrize("name", list(CASES))
@pytest.mark.parametrize("version", VERSIONS)
def test_client(server, tmp_path_factory, version, name):
    if version not in ran:
        ran[version] = run(version, server, tmp_path_factory.mktemp(f"client-{version}"))
    assert name in ran[version], "the client's process ended before this case"
    assert ran[version][name] is None, ran[version][name]
