"""An S3 server for tests (moto, which checks every signature as AWS does, and serves Glue as well), and a proxy that makes
it misbehave."""

import http.client
import json
import os
import socket
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import boto3

BUCKET = "firn-test"
EVERYTHING = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
CALLS_BEFORE_CHECKS = 4  # those of _make_user


class S3Server:
    """`endpoint`, `key`, `secret`; a bucket named BUCKET is there."""

    def __init__(self):
        self.port = _free_port()
        self.endpoint = f"http://127.0.0.1:{self.port}"
        self.process = subprocess.Popen(
            [sys.executable, __file__, str(self.port)],
            env={**os.environ, "INITIAL_NO_AUTH_ACTION_COUNT": str(CALLS_BEFORE_CHECKS)},
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            self._wait()
            self.key, self.secret = self._make_user()
        except BaseException:
            self.stop()
            raise

    def environment(self):
        """With which firn reaches it."""
        return {"AWS_ENDPOINT_URL_S3": self.endpoint, "AWS_ACCESS_KEY_ID": self.key, "AWS_SECRET_ACCESS_KEY": self.secret}

    def client(self):
        return boto3.client("s3", endpoint_url=self.endpoint, region_name="us-east-1", aws_access_key_id=self.key,
                            aws_secret_access_key=self.secret)

    def keys(self, prefix=""):
        pages = self.client().get_paginator("list_objects_v2").paginate(Bucket=BUCKET, Prefix=prefix)
        return [row["Key"] for page in pages for row in page.get("Contents", [])]

    def stop(self):
        self.process.kill()
        self.process.wait()

    def _wait(self):
        for _ in range(1800):
            assert self.process.poll() is None, "the S3 server did not start"
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.1)
        raise AssertionError("the S3 server does not answer")

    def _make_user(self):
        options = {"endpoint_url": self.endpoint, "region_name": "us-east-1", "aws_access_key_id": "x", "aws_secret_access_key": "x"}
        iam = boto3.client("iam", **options)
        iam.create_user(UserName="firn")
        key = iam.create_access_key(UserName="firn")["AccessKey"]
        iam.put_user_policy(UserName="firn", PolicyName="all", PolicyDocument=json.dumps(EVERYTHING))
        boto3.client("s3", **options).create_bucket(Bucket=BUCKET)
        return key["AccessKeyId"], key["SecretAccessKey"]


class Proxy:
    """Stands before the server. `rule(number, method, path, headers)` says what becomes of a request: "pass", "busy" (503
    SlowDown), "error" (500), "drop" (the connection closes without an answer), "lose" (done, but the answer is lost),
    "unconditional" (passed on without If-None-Match)."""

    def __init__(self, server, rule):
        self.seen = []
        lock = threading.Lock()

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                with lock:
                    verdict = rule(len(proxy.seen), self.command, self.path, self.headers)
                    proxy.seen.append((self.command, self.path, verdict))
                if verdict in ("busy", "error"):
                    return self.refuse(*((503, "SlowDown") if verdict == "busy" else (500, "InternalError")))
                if verdict == "drop":
                    self.close_connection = True
                    return self.connection.shutdown(socket.SHUT_RDWR)
                headers = {name: value for name, value in self.headers.items()
                           if verdict != "unconditional" or name.lower() != "if-none-match"}
                upstream = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
                try:
                    upstream.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
                    for name, value in headers.items():
                        upstream.putheader(name, value)
                    upstream.endheaders(body)
                    got = upstream.getresponse()
                    data = got.read()
                except OSError:   # the server is gone
                    verdict = "lose"
                if verdict == "lose":
                    self.close_connection = True
                    return self.connection.shutdown(socket.SHUT_RDWR)
                self.send_response(got.status)
                for name, value in got.getheaders():
                    if name.lower() not in ("transfer-encoding", "connection", "content-length", "server", "date"):
                        self.send_header(name, value)
                length = got.getheader("content-length") if self.command == "HEAD" else len(data)
                self.send_header("Content-Length", str(length or 0))
                self.end_headers()
                self.wfile.write(data)

            def refuse(self, status, code):
                data = f"<Error><Code>{code}</Code><Message>try again</Message></Error>".encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(data)

            do_GET = do_PUT = do_POST = do_HEAD = do_DELETE = answer

            def log_message(self, *arguments):
                pass

        proxy = self
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.endpoint = f"http://127.0.0.1:{self.server.server_port}"
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *error):
        self.server.shutdown()
        self.server.server_close()


def serve(port):
    """moto's server; objects called aged.… are born two days old."""
    import datetime

    import moto_glue
    from moto import server
    from moto.s3 import models

    made = models.FakeKey.__init__

    def make(self, *arguments, **named):
        made(self, *arguments, **named)
        if "/aged." in str(self.name):  # a part is called by its number
            self.last_modified -= datetime.timedelta(days=2)

    models.FakeKey.__init__ = make
    moto_glue.install()
    server.main(["-H", "127.0.0.1", "-p", str(port)])


def _free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


if __name__ == "__main__":
    serve(int(sys.argv[1]))
