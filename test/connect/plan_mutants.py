"""Plans of real DataFrames, changed at random, sent to a server: each must give rows or an error with a name, in time.

python plan_mutants.py ADDRESS [MUTANTS [SEED]] prints what was found; test_hostile.py runs a few.
"""

import collections
import random
import sys
import time
import uuid

import grpc
from google.protobuf.descriptor import FieldDescriptor as Field
from google.rpc import error_details_pb2
from grpc_status import rpc_status

PATIENCE = 20  # seconds until a plan that runs on is interrupted, and again until it has to be gone
NUMBERS = [0, 1, -1, 2, 7, 127, 128, 255, 1 << 15, (1 << 31) - 1, -(1 << 31), 1 << 31, (1 << 63) - 1, -(1 << 63)]
REALS = [0.0, -0.0, 1e308, -1e308, float("nan"), float("inf"), 0.5]
TEXTS = ["", "a", "id", "*", "`", "a.b.c", "`a`.`b`", "\0", "\u00e9\u4e2d\U0001f600", "count", "explode", "window", "from_json",
         "select 1", "'", "\\", "%s%n", "x" * 3000, "[", "{", "(" * 200, "array<int>", "decimal(99,99)", "-1", "1 day", "NaN"]


# ---- plans

def recorded(address, functions):
    """The requests that these functions of a session send: ExecutePlan's and AnalyzePlan's plans."""
    from pyspark.sql import SparkSession

    spark = SparkSession.builder.remote(address).create()
    plans = []

    class Recorder:
        def __init__(self, stub):
            self.stub = stub

        def __getattr__(self, name):
            method = getattr(self.stub, name)
            if name != "ExecutePlan":
                return method

            def call(request, **options):
                plans.append(type(request.plan).FromString(request.plan.SerializeToString()))
                return method(request, **options)

            return call

    spark.client._stub = Recorder(spark.client._stub)
    for function in functions:
        try:
            made = function(spark)
            if hasattr(made, "collect") and hasattr(made, "schema"):
                made.collect()
        except Exception:  # noqa: BLE001, S110: plans that fail serve as well
            pass
    spark.stop()
    return [plan for plan in plans if harmless(plan)]


def harmless(plan):
    """Nothing that writes files or runs Python: their mutants could do anything."""
    text = str(plan.DESCRIPTOR.full_name) + str(plan)[:200000]
    return not any(word in text for word in ("write_operation", "python_udf", "write_stream", "python_udtf", "sql_command"))


def parts(message, found=None):
    """All messages within, the outermost first."""
    found = [] if found is None else found
    found.append(message)
    for field, value in message.ListFields():
        if field.type != Field.TYPE_MESSAGE:
            continue
        if field.is_repeated:
            if field.message_type.GetOptions().map_entry:
                continue
            for one in value:
                parts(one, found)
        else:
            parts(value, found)
    return found


# ---- changes

def scalar(dice, field, old):
    kind = field.cpp_type
    if kind == Field.CPPTYPE_BOOL:
        return not old
    if kind in (Field.CPPTYPE_DOUBLE, Field.CPPTYPE_FLOAT):
        return dice.choice(REALS)
    if kind == Field.CPPTYPE_ENUM:
        return dice.choice([value.number for value in field.enum_type.values] + [77])
    if kind == Field.CPPTYPE_STRING:
        if field.type == Field.TYPE_BYTES:
            data = bytearray(old)
            for _ in range(dice.randint(1, 4)):
                if data:
                    data[dice.randrange(len(data))] = dice.randrange(256)
            return bytes(data[:dice.randint(0, len(data))]) if dice.random() < 0.3 else bytes(data)
        return dice.choice(TEXTS + [old + old, old.upper(), old[: len(old) // 2]])
    number = dice.choice(NUMBERS + [old + 1, old - 1])
    bits = 32 if kind in (Field.CPPTYPE_INT32, Field.CPPTYPE_UINT32) else 64
    number &= (1 << bits) - 1
    signed = kind in (Field.CPPTYPE_INT32, Field.CPPTYPE_INT64)
    return number - (1 << bits) if signed and number >> (bits - 1) else number


def change(dice, plan, others):
    """One change of one message, by the messages' own shape."""
    message = dice.choice(parts(plan))
    given = message.ListFields()
    how = dice.random()
    if how < 0.35 and given:      # another value
        field, value = dice.choice(given)
        if field.type == Field.TYPE_MESSAGE:
            pass
        elif field.is_repeated:
            if len(value):
                at = dice.randrange(len(value))
                value[at] = scalar(dice, field, value[at])
        else:
            setattr(message, field.name, scalar(dice, field, value))
    elif how < 0.5 and given:     # nothing there
        message.ClearField(dice.choice(given)[0].name)
    elif how < 0.8:               # a part of another plan, or of this one
        source = dice.choice(others) if dice.random() < 0.7 else plan
        same = [part for part in parts(source) if part.DESCRIPTOR.full_name == message.DESCRIPTOR.full_name]
        if same and message is not plan:
            taken = type(message).FromString(dice.choice(same).SerializeToString())
            message.CopyFrom(taken)
    elif how < 0.9 and given:     # twice, or in another order
        field, value = dice.choice(given)
        if field.is_repeated and not (field.message_type and field.message_type.GetOptions().map_entry):
            items = [type(item).FromString(item.SerializeToString()) if field.message_type else item for item in value]
            dice.shuffle(items)
            items += items[: dice.randint(0, 3)]
            message.ClearField(field.name)
            getattr(message, field.name).extend(items[:50])
    else:                         # a field that was not there
        field = dice.choice(message.DESCRIPTOR.fields) if message.DESCRIPTOR.fields else None
        if field is None or field.is_repeated:
            return
        if field.type == Field.TYPE_MESSAGE:
            getattr(message, field.name).SetInParent()
        else:
            setattr(message, field.name, scalar(dice, field, field.default_value))


def mutant(dice, plans):
    """Bytes of a plan: mostly a message of another shape, else bytes that are damaged themselves."""
    plan = dice.choice(plans)
    plan = type(plan).FromString(plan.SerializeToString())
    for _ in range(dice.choice([1, 1, 1, 2, 3, 6])):
        try:
            change(dice, plan, plans)
        except (ValueError, TypeError, UnicodeError):  # what protobuf itself does not let through
            pass
    data = plan.SerializePartialToString()
    if len(data) > 1 << 20 or not harmless(plan):
        return None
    if dice.random() < 0.15 and data:
        data = bytearray(data)
        for _ in range(dice.randint(1, 5)):
            at = dice.randrange(len(data))
            if dice.random() < 0.5:
                data[at] ^= 1 << dice.randrange(8)
            else:
                del data[at:at + dice.randint(1, 8)]
            if not data:
                break
        data = bytes(data)
    return data


# ---- sending

class Sender:
    def __init__(self, address):
        from pyspark.sql.connect.proto import base_pb2

        self.pb = base_pb2
        target = address.removeprefix("sc://").partition("/")[0]
        self.channel = grpc.insecure_channel(target, options=[("grpc.max_receive_message_length", -1)])
        prefix = "/spark.connect.SparkConnectService/"
        self.execute = self.channel.unary_stream(prefix + "ExecutePlan", request_serializer=bytes,
                                                 response_deserializer=base_pb2.ExecutePlanResponse.FromString)
        self.analyze = self.channel.unary_unary(prefix + "AnalyzePlan", request_serializer=bytes, response_deserializer=bytes)
        self.interrupt = self.channel.unary_unary(prefix + "Interrupt", request_serializer=bytes, response_deserializer=bytes)
        self.release = self.channel.unary_unary(prefix + "ReleaseSession", request_serializer=bytes, response_deserializer=bytes)
        self.fresh()

    def fresh(self):
        self.session, self.user = str(uuid.uuid4()), self.pb.UserContext(user_id="mutant")

    def head(self, kind, **fields):
        return kind(session_id=self.session, user_context=self.user, **fields).SerializeToString()

    def run(self, plan, analyze):
        """Nothing, or a sentence on what is wrong with the server's answer."""
        field = varint(len(plan)) + plan
        begin = time.monotonic()
        try:
            if analyze:  # schema = 4 {plan = 1}
                inner = b"\x0a" + field
                field = varint(len(inner)) + inner
                self.analyze(self.head(self.pb.AnalyzePlanRequest) + b"\x22" + field, timeout=PATIENCE)
            else:  # plan = 3
                stream = self.execute(self.head(self.pb.ExecutePlanRequest) + b"\x1a" + field, timeout=PATIENCE)
                received = 0
                for response in stream:
                    received += response.arrow_batch.ByteSize()
                    if received > 20 << 20:  # enough: a client that goes
                        stream.cancel()
                        break
        except grpc.RpcError as error:
            return self.judged(error, time.monotonic() - begin, analyze)
        return None

    def judged(self, error, took, analyze):
        if error.code() == grpc.StatusCode.CANCELLED:
            return None
        if error.code() == grpc.StatusCode.DEADLINE_EXCEEDED:
            try:
                self.interrupt(self.head(self.pb.InterruptRequest, interrupt_type=1), timeout=PATIENCE)
                return f"hangs: analysed for {took:.0f} s" if analyze else None  # billions of rows take their time
            except grpc.RpcError as again:
                return f"hangs: no interrupt either ({again.code()})"
        if error.code() == grpc.StatusCode.UNAVAILABLE:
            return "the server is gone: " + error.details()
        status = rpc_status.from_call(error)
        if status is None:
            return None if error.code() in (grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.RESOURCE_EXHAUSTED) else f"no details: {error}"
        for detail in status.details:
            info = error_details_pb2.ErrorInfo()
            if detail.Unpack(info):
                name = info.metadata.get("errorClass")
                if name == "FIRN_INTERNAL" or not name:
                    return "internal: " + status.message
        return None


def varint(number):
    out = b""
    while True:
        out += bytes([number & 127 | (128 if number > 127 else 0)])
        number >>= 7
        if not number:
            return out


def run(address, plans, mutants, seed):
    """What was found: sentence → (how often, the first plan)."""
    dice = random.Random(seed)
    sender = Sender(address)
    findings = collections.OrderedDict()
    for number in range(mutants):
        plan = mutant(dice, plans)
        if plan is None:
            continue
        wrong = sender.run(plan, analyze=dice.random() < 0.3)
        if wrong and wrong.startswith("the server is gone"):
            findings["the server is gone"] = (1, plan)
            break
        if number % 200 == 199:  # sessions come and go
            sender.release(sender.head(sender.pb.ReleaseSessionRequest), timeout=60)
            sender.fresh()
        if wrong:
            count, first = findings.get(wrong[:160], (0, plan))
            findings[wrong[:160]] = (count + 1, first)
    return findings


def main():
    import os

    os.environ["SPARK_CONNECT_MODE_ENABLED"] = "1"
    from dataframe_rows import ROWS

    plans = recorded(sys.argv[1], ROWS.values())
    print(f"{len(plans)} plans", flush=True)
    mutants, seed = [*map(int, sys.argv[2:4]), 20000, 1][:2] if len(sys.argv) != 3 else (int(sys.argv[2]), 1)
    begin = time.monotonic()
    for sentence, (count, plan) in run(sys.argv[1], plans, mutants, seed).items():
        print(count, sentence, "|", plan[:3000].hex(), flush=True)
    print(f"{mutants} mutants in {time.monotonic() - begin:.0f} s")


if __name__ == "__main__":
    main()
