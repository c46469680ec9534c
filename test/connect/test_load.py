"""Many clients at once, and clients that vanish."""

import datetime
import subprocess
import threading
import time
import uuid

import grpc
import pytest
from conftest import Server
from pyspark.sql.connect.proto import base_pb2
from test_protocol import LONG, Raw


def test_fifty_sessions_at_once(server):
    failures = []

    def work(number):
        try:
            client = Raw(server)
            for turn in range(3):
                responses = list(client.stub.ExecutePlan(
                    client.sql(f"select sum(id) + {number} as s from range({1000 + turn})")))
                assert responses[-1].HasField("result_complete")
            client.stub.ReleaseSession(client.of(base_pb2.ReleaseSessionRequest))
            client.channel.close()
        except Exception as failure:  # noqa: BLE001: told by the main thread
            failures.append(failure)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert failures == []


def test_vanished_clients_leave_nothing(tmp_path):
    server = Server(tmp_path, "--conf", "firn.server.detached-timeout=1s",
                    "--conf", "firn.server.session-timeout=1s")
    try:
        for reattachable in (True, False) * 3:
            client = Raw(server)
            stream = client.stub.ExecutePlan(client.sql(LONG, reattachable=reattachable))
            time.sleep(0.3)
            client.channel.close()
            del stream
        deadline = time.time() + 40
        while time.time() < deadline and server.cpu_share() > 0.2:
            pass
        assert server.cpu_share() <= 0.2, "queries of clients that are gone still run"
    finally:
        server.stop()


def test_memory_is_flat_over_many_sessions(server):
    def session():
        client = Raw(server)
        list(client.stub.ExecutePlan(client.sql("select 1")))
        client.stub.ReleaseSession(client.of(base_pb2.ReleaseSessionRequest))
        client.channel.close()

    for _ in range(50):
        session()
    before = server.rss
    for _ in range(200):
        session()
    assert server.rss < before + (48 << 20)


def test_token_is_demanded(tmp_path):
    server = Server(tmp_path, "--token", "secret-word")
    try:
        assert "token=" in server.address
        client = Raw(server)
        with pytest.raises(grpc.RpcError) as caught:
            list(client.stub.ExecutePlan(client.sql("select 1")))
        assert caught.value.code() == grpc.StatusCode.UNAUTHENTICATED
        good = [("authorization", "Bearer secret-word")]
        assert list(client.stub.ExecutePlan(client.sql("select 1"), metadata=good))
        session = server.session()
        assert session.range(3).count() == 3
        session.stop()
        with pytest.raises(grpc.RpcError):
            list(client.stub.ExecutePlan(client.sql("select 1"),
                                         metadata=[("authorization", "Bearer secret-wore")]))
    finally:
        server.stop()


def test_open_address_needs_a_token(tmp_path):
    from conftest import ROOT
    import os

    binary = os.environ.get("FIRN", ROOT / "build/release/firn")
    done = subprocess.run([binary, "server", "--port", "0", "--bind", "0.0.0.0"], cwd=tmp_path,
                          capture_output=True, text=True, timeout=30)
    assert done.returncode == 1
    assert "--token" in done.stderr


def test_start_is_quick(tmp_path):
    begin = time.perf_counter()
    server = Server(tmp_path)
    took = time.perf_counter() - begin
    server.stop()
    assert took < 2.0  # on a busy machine; it is 0.1 s on an idle one


def write_certificate(folder):
    """cert.pem and key.pem of localhost, for two days."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.timezone.utc)
    made = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), now, now + datetime.timedelta(days=2))
    made = made.add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), False).sign(key, hashes.SHA256())
    (folder / "cert.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    (folder / "key.pem").write_bytes(key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))


def test_tls(tmp_path):
    write_certificate(tmp_path)
    server = Server(tmp_path, "--tls-cert", "cert.pem", "--tls-key", "key.pem")
    try:
        assert "use_ssl=true" in server.address
        credentials = grpc.ssl_channel_credentials((tmp_path / "cert.pem").read_bytes())
        port = server.target.rpartition(":")[2]
        client = Raw(server)
        client.channel = grpc.secure_channel(
            f"127.0.0.1:{port}", credentials,
            options=[("grpc.ssl_target_name_override", "localhost")])
        from pyspark.sql.connect.proto import base_pb2_grpc

        client.stub = base_pb2_grpc.SparkConnectServiceStub(client.channel)
        assert list(client.stub.ExecutePlan(client.sql("select 1")))
    finally:
        server.stop()


def test_ids_of_sessions_differ(server):
    one, other = Raw(server), Raw(server)
    first = next(iter(one.stub.ExecutePlan(one.sql("select 1"))))
    second = next(iter(other.stub.ExecutePlan(other.sql("select 1"))))
    assert first.server_side_session_id != second.server_side_session_id
    assert uuid.UUID(first.response_id)
