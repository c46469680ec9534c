"""firn's S3 store against moto, which checks every signature as AWS does: the rows of src/files/file_store_test.cc."""

import json
import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytest.importorskip("moto", reason="moto[server] is not among the installed peers")
boto3 = pytest.importorskip("boto3")

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = Path(os.environ.get("FIRN_FILES_TEST", ROOT / "build/release/test/firn_files_test"))
BUCKET = "firn-test"
EVERYTHING = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
CALLS_BEFORE_CHECKS = 4  # of the set-up below


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(port, process):
    for _ in range(200):
        assert process.poll() is None, "the S3 server did not start"
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise AssertionError("the S3 server does not answer")


def make_user(endpoint):
    options = {"endpoint_url": endpoint, "region_name": "us-east-1", "aws_access_key_id": "x", "aws_secret_access_key": "x"}
    iam = boto3.client("iam", **options)
    iam.create_user(UserName="firn")
    key = iam.create_access_key(UserName="firn")["AccessKey"]
    iam.put_user_policy(UserName="firn", PolicyName="all", PolicyDocument=json.dumps(EVERYTHING))
    boto3.client("s3", **options).create_bucket(Bucket=BUCKET)
    return key["AccessKeyId"], key["SecretAccessKey"]


@pytest.fixture(scope="module")
def server():
    """The environment with which firn reaches a server that checks signatures."""
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)],
        env={**os.environ, "INITIAL_NO_AUTH_ACTION_COUNT": str(CALLS_BEFORE_CHECKS)},
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_for(port, process)
        endpoint = f"http://127.0.0.1:{port}"
        key, secret = make_user(endpoint)
        yield {"AWS_ENDPOINT_URL_S3": endpoint, "AWS_ACCESS_KEY_ID": key, "AWS_SECRET_ACCESS_KEY": secret,
               "FIRN_TEST_S3_BUCKET": BUCKET}
    finally:
        process.kill()
        process.wait()


def run(environment, rows):
    return subprocess.run([str(PROGRAM), f"--gtest_filter={rows}"], env={**os.environ, **environment},
                          capture_output=True, text=True, timeout=300)


def test_what_holds_for_every_store_holds_for_s3(server):
    done = run(server, "*/s3")
    assert done.returncode == 0, done.stdout
    assert "SKIPPED" not in done.stdout
    assert "[  PASSED  ] 0 tests" not in done.stdout


def test_a_wrong_secret_is_refused(server):
    done = run({**server, "AWS_SECRET_ACCESS_KEY": "wrong"}, "*WritesAndReads/s3")
    assert done.returncode != 0
    assert "FIRN_PERMISSION" in done.stdout
