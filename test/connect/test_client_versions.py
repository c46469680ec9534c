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


def run_cases(version, server, folder, names):
    """The trouble of each case that one process with that client came to (None: it went well), and what it printed."""
    environment = {k: v for k, v in os.environ.items() if k != "SPARK_CONNECT_MODE_ENABLED"}
    environment.update(PYTHONPATH=str(CLIENTS / version), SPARK_CONNECT_MODE_ENABLED="1", TZ="UTC")
    done = subprocess.run([sys.executable, Path(__file__).with_name("client_cases.py"), server.address, folder, *names],
                          env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    lines = [json.loads(line) for line in done.stdout.splitlines() if line.startswith(('{"version"', '{"case"'))]
    assert lines and lines[0]["version"].startswith(version), done.stdout
    return {line["case"]: line["trouble"] for line in lines[1:]}, done.stdout


def run(version, server, folder):
    """Each case's trouble. Clients of 4.0 hang now and then in their own clean-up: the rest is then run by a new process, and
    a case that hangs twice has failed, with the places where the client's threads stood."""
    if not (CLIENTS / version).exists():
        pytest.fail(f"the client {version} is not installed (./dev setup --peers)")
    told, hung = {}, set()
    while left := [name for name in CASES if name not in told]:
        answers, printed = run_cases(version, server, folder, left)
        told.update(answers)
        stuck = next((name for name in CASES if name not in told), None)
        if stuck in hung:
            told[stuck] = printed
        hung.add(stuck)
    return told


@pytest.mark.parametrize("name", list(CASES))
@pytest.mark.parametrize("version", VERSIONS)
def test_client(server, tmp_path_factory, version, name):
    if version not in ran:
        ran[version] = run(version, server, tmp_path_factory.mktemp(f"client-{version}"))
    assert ran[version][name] is None, ran[version][name]
