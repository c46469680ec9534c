"""The protocol below the client's API: streams that are cut, interrupts, releases, hostile bytes."""

import threading
import time
import uuid

import grpc
import pyarrow as pa
import pytest
from google.rpc import error_details_pb2
from grpc_status import rpc_status
from pyspark.sql.connect.proto import base_pb2, base_pb2_grpc, relations_pb2

LONG = "select count(*) from range(3000000) a join range(3000000) b on a.id % 1000 = b.id % 1000"


class Raw:
    """A client of bare messages."""

    def __init__(self, server):
        self.channel = grpc.insecure_channel(
            server.target, options=[("grpc.max_receive_message_length", -1),
                                    ("grpc.max_send_message_length", -1)])
        self.stub = base_pb2_grpc.SparkConnectServiceStub(self.channel)
        self.session_id = str(uuid.uuid4())
        self.user = base_pb2.UserContext(user_id="raw")

    def of(self, kind, **fields):
        return kind(session_id=self.session_id, user_context=self.user, **fields)

    def sql(self, text, reattachable=True, operation_id=None, tags=()):
        request = self.of(base_pb2.ExecutePlanRequest, operation_id=operation_id or str(uuid.uuid4()), tags=tags)
        request.plan.root.sql.query = text
        if reattachable:
            request.request_options.add().reattach_options.reattachable = True
        return request

    def call(self, method, data):
        """Sends bytes as they are."""
        return self.channel.unary_unary(
            "/spark.connect.SparkConnectService/" + method, request_serializer=bytes,
            response_deserializer=bytes)(data, timeout=30)


@pytest.fixture
def raw(server):
    client = Raw(server)
    yield client
    client.stub.ReleaseSession(client.of(base_pb2.ReleaseSessionRequest))
    client.channel.close()


def error_info(caught):
    status = rpc_status.from_call(caught.value)
    info = error_details_pb2.ErrorInfo()
    assert status.details[0].Unpack(info)
    return info


def test_responses_of_a_query(raw):
    request = raw.sql("select id from range(3)")
    responses = list(raw.stub.ExecutePlan(request))
    assert {r.session_id for r in responses} == {raw.session_id}
    assert len({r.server_side_session_id for r in responses}) == 1
    assert len({r.response_id for r in responses}) == len(responses)
    assert {r.operation_id for r in responses} == {request.operation_id}
    assert responses[0].schema.struct.fields[0].name == "id"
    assert responses[1].arrow_batch.row_count == 3
    assert responses[-1].HasField("result_complete")


def test_reattach_after_a_cut_stream(raw):
    request = raw.sql("select id from range(2000000)")
    stream = raw.stub.ExecutePlan(request)
    seen = [next(stream), next(stream)]
    stream.cancel()
    rest = list(raw.stub.ReattachExecute(raw.of(
        base_pb2.ReattachExecuteRequest, operation_id=request.operation_id,
        last_response_id=seen[-1].response_id)))
    everything = seen + rest
    assert everything[-1].HasField("result_complete")
    batches = [r.arrow_batch for r in everything if r.HasField("arrow_batch")]
    assert sum(batch.row_count for batch in batches) == 2_000_000
    assert batches[1].start_offset == batches[0].row_count


def test_reattach_from_the_start(raw):
    request = raw.sql("select 1")
    first = list(raw.stub.ExecutePlan(request))
    again = list(raw.stub.ReattachExecute(
        raw.of(base_pb2.ReattachExecuteRequest, operation_id=request.operation_id)))
    assert [r.response_id for r in again] == [r.response_id for r in first]


def test_reattach_to_nothing(raw):
    list(raw.stub.ExecutePlan(raw.sql("select 1")))
    with pytest.raises(grpc.RpcError) as caught:
        list(raw.stub.ReattachExecute(
            raw.of(base_pb2.ReattachExecuteRequest, operation_id=str(uuid.uuid4()))))
    assert "INVALID_HANDLE.OPERATION_NOT_FOUND" in caught.value.details()


def test_released_operation_is_gone(raw):
    request = raw.sql("select 1")
    list(raw.stub.ExecutePlan(request))
    release = raw.of(base_pb2.ReleaseExecuteRequest, operation_id=request.operation_id)
    release.release_all.SetInParent()
    raw.stub.ReleaseExecute(release)
    with pytest.raises(grpc.RpcError) as caught:
        list(raw.stub.ReattachExecute(
            raw.of(base_pb2.ReattachExecuteRequest, operation_id=request.operation_id)))
    assert "INVALID_HANDLE.OPERATION_NOT_FOUND" in caught.value.details()


def test_release_until(raw):
    request = raw.sql("select id from range(10)")
    responses = list(raw.stub.ExecutePlan(request))
    release = raw.of(base_pb2.ReleaseExecuteRequest, operation_id=request.operation_id)
    release.release_until.response_id = responses[1].response_id
    raw.stub.ReleaseExecute(release)
    rest = list(raw.stub.ReattachExecute(raw.of(
        base_pb2.ReattachExecuteRequest, operation_id=request.operation_id,
        last_response_id=responses[1].response_id)))
    assert [r.response_id for r in rest] == [r.response_id for r in responses[2:]]


def test_same_operation_twice(raw):
    request = raw.sql("select 1")
    list(raw.stub.ExecutePlan(request))
    with pytest.raises(grpc.RpcError) as caught:
        list(raw.stub.ExecutePlan(request))
    assert error_info(caught).metadata["errorClass"] == "INVALID_HANDLE.OPERATION_ALREADY_EXISTS"


INTERRUPTS = {
    "all": dict(interrupt_type=base_pb2.InterruptRequest.INTERRUPT_TYPE_ALL),
    "tag": dict(interrupt_type=base_pb2.InterruptRequest.INTERRUPT_TYPE_TAG, operation_tag="slow"),
    "operation": dict(interrupt_type=base_pb2.InterruptRequest.INTERRUPT_TYPE_OPERATION_ID),
}


@pytest.mark.parametrize("how", INTERRUPTS)
def test_interrupt(raw, how):
    request = raw.sql(LONG, tags=["slow"])
    outcome = {}

    def run():
        try:
            list(raw.stub.ExecutePlan(request))
        except grpc.RpcError as error:
            outcome["error"] = error

    thread = threading.Thread(target=run)
    thread.start()
    time.sleep(1)
    fields = dict(INTERRUPTS[how])
    if how == "operation":
        fields["operation_id"] = request.operation_id
    answer = raw.stub.Interrupt(raw.of(base_pb2.InterruptRequest, **fields))
    thread.join(20)
    assert list(answer.interrupted_ids) == [request.operation_id]
    assert "OPERATION_CANCELED" in outcome["error"].details()


def test_interrupt_without_a_tag(raw):
    with pytest.raises(grpc.RpcError) as caught:
        raw.stub.Interrupt(raw.of(
            base_pb2.InterruptRequest, interrupt_type=base_pb2.InterruptRequest.INTERRUPT_TYPE_TAG))
    assert "INTERRUPT_TYPE_TAG_REQUIRES_TAG" in error_info(caught).metadata["errorClass"]


def test_released_session_stays_closed(raw):
    list(raw.stub.ExecutePlan(raw.sql("select 1")))
    raw.stub.ReleaseSession(raw.of(base_pb2.ReleaseSessionRequest))
    with pytest.raises(grpc.RpcError) as caught:
        list(raw.stub.ExecutePlan(raw.sql("select 1")))
    assert error_info(caught).metadata["errorClass"] == "INVALID_HANDLE.SESSION_CLOSED"


def test_session_of_a_server_that_is_gone(raw):
    request = raw.sql("select 1")
    request.client_observed_server_side_session_id = str(uuid.uuid4())
    with pytest.raises(grpc.RpcError) as caught:
        list(raw.stub.ExecutePlan(request))
    assert error_info(caught).metadata["errorClass"] == "INVALID_HANDLE.SESSION_CHANGED"


def test_session_id_must_be_a_uuid(raw):
    request = raw.sql("select 1")
    request.session_id = "mine"
    with pytest.raises(grpc.RpcError) as caught:
        list(raw.stub.ExecutePlan(request))
    assert error_info(caught).metadata["errorClass"] == "INVALID_HANDLE.FORMAT"


def test_artifacts(raw):
    data = b"x" * 100
    import zlib

    chunk = base_pb2.AddArtifactsRequest.ArtifactChunk
    small = raw.of(base_pb2.AddArtifactsRequest)
    small.batch.artifacts.add(name="cache/small", data=chunk(data=data, crc=zlib.crc32(data)))
    small.batch.artifacts.add(name="cache/broken", data=chunk(data=data, crc=1))
    begin = raw.of(base_pb2.AddArtifactsRequest)
    begin.begin_chunk.name = "cache/large"
    begin.begin_chunk.total_bytes = 200
    begin.begin_chunk.num_chunks = 2
    begin.begin_chunk.initial_chunk.CopyFrom(chunk(data=data, crc=zlib.crc32(data)))
    rest = raw.of(base_pb2.AddArtifactsRequest, chunk=chunk(data=data, crc=zlib.crc32(data)))
    answer = raw.stub.AddArtifacts(iter([small, begin, rest]))
    assert {a.name: a.is_crc_successful for a in answer.artifacts} == {
        "cache/small": True, "cache/broken": False, "cache/large": True}
    statuses = raw.stub.ArtifactStatus(raw.of(
        base_pb2.ArtifactStatusesRequest, names=["cache/small", "cache/broken", "cache/large"])).statuses
    assert {name: status.exists for name, status in statuses.items()} == {
        "cache/small": True, "cache/broken": False, "cache/large": True}


def test_artifact_outside(raw):
    request = raw.of(base_pb2.AddArtifactsRequest)
    request.batch.artifacts.add(name="files/../../etc/x",
                                data=base_pb2.AddArtifactsRequest.ArtifactChunk(data=b"", crc=0))
    with pytest.raises(grpc.RpcError) as caught:
        raw.stub.AddArtifacts(iter([request]))
    assert error_info(caught).metadata["errorClass"] == "INVALID_ARTIFACT_PATH"


def test_unknown_method(raw):
    with pytest.raises(grpc.RpcError) as caught:
        raw.call("NoSuchMethod", b"")
    assert caught.value.code() == grpc.StatusCode.UNIMPLEMENTED


METHODS = ["AnalyzePlan", "Config", "Interrupt", "ReleaseExecute", "ReleaseSession", "ExecutePlan",
           "ReattachExecute", "ArtifactStatus", "FetchErrorDetails", "CloneSession", "AddArtifacts"]


@pytest.mark.parametrize("method", METHODS)
def test_malformed_message(raw, method):
    for data in (b"\xff" * 50, b"\x0a\xff\xff\xff\xff\x0f", b"\x12\x05abc"):
        with pytest.raises(grpc.RpcError) as caught:
            raw.call(method, data)
        assert caught.value.code() == grpc.StatusCode.INTERNAL
        assert "CONNECT_INVALID_PLAN.CANNOT_PARSE" in caught.value.details()


def local(raw, data, schema=None):
    request = raw.of(base_pb2.ExecutePlanRequest, operation_id=str(uuid.uuid4()))
    request.plan.root.local_relation.data = data
    if schema:
        request.plan.root.local_relation.schema = schema
    return request


def stream_of(table, **options):
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema, options=pa.ipc.IpcWriteOptions(**options)) as writer:
        writer.write_table(table)
    return sink.getvalue().to_pybytes()


def rows_of(responses):
    tables = [pa.ipc.open_stream(r.arrow_batch.data).read_all()
              for r in responses if r.HasField("arrow_batch")]
    return pa.concat_tables(tables).to_pylist()


def test_every_truncation_of_an_arrow_stream(raw):
    data = stream_of(pa.table({"a": [1, 2, 3], "s": ["x", None, "long enough to be outside"],
                               "l": [[1], None, [2, 3]]}))
    for cut in range(1, len(data) - 8, 16):
        try:
            list(raw.stub.ExecutePlan(local(raw, data[:cut])))
        except grpc.RpcError as error:
            assert error.code() == grpc.StatusCode.INTERNAL, error


def test_every_broken_byte_of_an_arrow_stream(raw):
    data = stream_of(pa.table({"s": ["x", None, "long enough to be outside"], "l": [[1], None, [2, 3]]}))
    for at in range(0, len(data), 11):
        broken = data[:at] + bytes([data[at] ^ 0xFF]) + data[at + 1:]
        try:
            list(raw.stub.ExecutePlan(local(raw, broken)))
        except grpc.RpcError as error:
            assert error.code() == grpc.StatusCode.INTERNAL, error


ARROW = {
    "int8": pa.array([1, None, -3], pa.int8()), "uint8": pa.array([1, None, 255], pa.uint8()),
    "uint16": pa.array([1, None, 65535], pa.uint16()), "uint32": pa.array([1, None, 2**32 - 1], pa.uint32()),
    "float16": pa.array([1.5, None, -2.0], pa.float16()),
    "large_string": pa.array(["a", None, "a rather long string"], pa.large_string()),
    "string_view": pa.array(["a", None, "a rather long string"], pa.string_view()),
    "dictionary": pa.array(["a", None, "a"]).dictionary_encode(),
    "fixed_binary": pa.array([b"ab", None, b"cd"], pa.binary(2)),
    "date64": pa.array([0, None, 86_400_000], pa.date64()),
    "large_list": pa.array([[1], None, [2, 3]], pa.large_list(pa.int64())),
    "fixed_list": pa.array([[1, 2], None, [3, 4]], pa.list_(pa.int64(), 2)),
    "struct": pa.array([{"a": 1}, None, {"a": None}], pa.struct([("a", pa.int32())])),
    "map": pa.array([[("k", 1)], None, []], pa.map_(pa.string(), pa.int32())),
    "null": pa.nulls(3),
}


@pytest.mark.parametrize("compression", [None, "lz4", "zstd"])
@pytest.mark.parametrize("name", ARROW)
def test_arrow_types(raw, name, compression):
    table = pa.table({"c": ARROW[name]})
    got = rows_of(raw.stub.ExecutePlan(local(raw, stream_of(table, compression=compression))))
    assert got == table.to_pylist()


def chain(depth):
    """Filters over a range, as bytes: Python's own messages do not nest that deep."""
    def field(number, data):
        size, out = len(data), bytes([])
        while size > 127:
            out += bytes([size & 127 | 128])
            size >>= 7
        tag, head = number << 3 | 2, b""
        while tag > 127:
            head += bytes([tag & 127 | 128])
            tag >>= 7
        return head + bytes([tag]) + out + bytes([size]) + data

    relation = field(15, b"\x10\x0a\x18\x01")
    for _ in range(depth):
        relation = field(14, field(1, relation) + b"\x18\x01")  # Deduplicate(all columns)
    return relation


def test_plan_of_2000_operators(raw):
    body = (b"\x0a\x24" + raw.session_id.encode() + b"\x12\x05\x0a\x03raw")
    relation = chain(2000)

    def field(number, data):
        size, out = len(data), b""
        while size > 127:
            out += bytes([size & 127 | 128])
            size >>= 7
        return bytes([number << 3 | 2]) + out + bytes([size]) + data

    with pytest.raises(grpc.RpcError) as caught:
        raw.call("ExecutePlan", body + field(3, field(1, relation)))
    assert "nests more than" in caught.value.details()


def test_message_that_is_too_large(raw):
    request = local(raw, b"x" * (129 << 20))
    with pytest.raises(grpc.RpcError) as caught:
        list(raw.stub.ExecutePlan(request))
    assert caught.value.code() == grpc.StatusCode.RESOURCE_EXHAUSTED
