"""Messages that nobody should send: the stream goes on, each is a row or stands in _corrupt_record, from a broker as from files."""

import os
import re
import subprocess
import sys
import threading
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from pipeline import FIRN, query, run, table  # noqa: E402

DEEP = 10_000
SCHEMA = "a BIGINT, d DOUBLE, f FLOAT, m DECIMAL(38,2), b BOOLEAN, s STRING, at TIMESTAMP, l ARRAY<INT>, _corrupt_record STRING"
MESSAGES = {
    "plain": b'{"a":1,"s":"x"}',
    "empty": b"",
    "spaces": b"   ",
    "null": b"null",
    "text": b'"a"',
    "number": b"12",
    "truncated": b'{"a":1,"s":"x',
    "truncated_escape": b'{"s":"\\u00',
    "truncated_utf8": b'{"s":"\xe2\x82',
    "closing_only": b"}}}}",
    "deep_open": b"[" * DEEP,
    "deep": b'{"a":1,"z":' + b"[" * DEEP + b"]" * DEEP + b"}",
    "deep_objects": b'{"z":' * DEEP + b"1" + b"}" * DEEP,
    "deep_wanted": b'{"l":' + b"[" * DEEP + b"]" * DEEP + b"}",
    "not_utf8": b'{"a":2,"s":"\xff\xfe\xc0\x80"}',
    "not_utf8_name": b'{"\xff":1,"a":3}',
    "overlong": b'{"s":"\xc0\xaf\xe0\x80\xaf"}',
    "surrogates_as_bytes": b'{"s":"\xed\xa0\x80\xed\xb0\x80"}',
    "lone_surrogate": b'{"s":"\\ud800","a":4}',
    "lone_low_surrogate": b'{"s":"\\udc00x","a":4}',
    "surrogates_swapped": b'{"s":"\\udc00\\ud800"}',
    "duplicates": b'{"a":1,"a":2,"s":"x","s":"y"}',
    "duplicates_of_other_types": b'{"a":1,"a":"x","a":[]}',
    "duplicate_by_case": b'{"a":1,"A":2}',
    "many_names": b"{" + b",".join(b'"n%d":%d' % (n, n) for n in range(20000)) + b',"a":9}',
    "long_name": b'{"' + b"n" * 500_000 + b'":1,"a":5}',
    "1e400": b'{"d":1e400,"f":1e400}',
    "1e-400": b'{"d":1e-400,"f":1e-50,"a":6}',
    "1e999999999": b'{"d":1e999999999,"m":1e999999999,"a":1e999999999}',
    "decimal_exponent": b'{"m":1e-999999999}',
    "minus_0": b'{"a":-0,"d":-0,"f":-0.0,"m":-0}',
    "2^64": b'{"a":18446744073709551616}',
    "2^63": b'{"a":9223372036854775808}',
    "-2^63": b'{"a":-9223372036854775808}',
    "decimal_40": b'{"m":1234567890123456789012345678901234567890}',
    "decimal_40_fraction": b'{"m":0.1234567890123456789012345678901234567890}',
    "decimal_38": b'{"m":999999999999999999999999999999999999.99}',
    "digits": b'{"d":' + b"9" * 100_000 + b',"a":7}',
    "nan": b'{"d":NaN,"f":NaN}',
    "nan_text": b'{"d":"NaN","f":"-Infinity"}',
    "nan_of_integers": b'{"a":NaN}',
    "infinity": b'{"d":Infinity}',
    "minus_infinity": b'{"d":-INF}',
    "hexadecimal": b'{"a":0x7f}',
    "leading_zero": b'{"a":007}',
    "plus": b'{"a":+1}',
    "point_alone": b'{"d":.5}',
    "point_at_the_end": b'{"d":5.}',
    "nul_escaped": b'{"s":"a\\u0000b","a":8}',
    "nul_in_a_name": b'{"\\u0000":1,"a":8}',
    "nul_byte_in_a_text": b'{"s":"a\x00b"}',
    "nul_byte_between": b'{"a":\x001}',
    "nul_byte_behind": b'{"a":1}\x00',
    "nul_bytes": b"\x00" * 100,
    "bom": b'\xef\xbb\xbf{"a":9}',
    "bom_alone": b"\xef\xbb\xbf",
    "bom_16": '{"a":9}'.encode("utf-16"),
    "controls": b'{"s":"\x01\x1f\x7f"}',
    "time_far": b'{"at":"+294247-01-10T04:00:54.775807Z"}',
    "time_too_far": b'{"at":"+294248-01-01T00:00:00Z","a":1}',
    "time_number": b'{"at":1e300}',
    "time_of_no_day": b'{"at":"2024-02-30T25:61:61Z"}',
    "many_elements": b'{"l":[' + b"1," * 200_000 + b"1]}",
    "array_of_records": b'[{"a":1},{"a":2}]',
    "two_records": b'{"a":1}{"a":2}',
    "comment": b'{"a":1/**/}',
    "single_quotes": b"{'a':1}",
    "trailing_comma": b'{"a":1,}',
    "escaped_nothing": b'{"s":"\\x"}',
    "tabs": b'\t{"a"\t:\t1\t}\t',
}
CALL = f"from_json({{}}, '{SCHEMA}')"
SHOWN = "e.a, e.d, e.f, e.m, e.b, e.s, e.at, size(e.l) AS l, e._corrupt_record IS NOT NULL AS corrupt, substring(e._corrupt_record, 1, 50) AS c"


def ended(process, most_memory, timeout=200):
    """Waits for `firn run`; its exit code and what it said. Its memory is bounded."""
    out = []
    reader = threading.Thread(target=lambda: out.append(process.stderr.read()))
    reader.start()
    killer = threading.Timer(timeout, process.kill)
    killer.start()
    _, status, usage = os.wait4(process.pid, 0)
    killer.cancel()
    reader.join()
    process.returncode = os.waitstatus_to_exitcode(status)
    assert usage.ru_maxrss << 10 < most_memory, f"{usage.ru_maxrss >> 10} MB"
    return process.returncode, out[0]


def stream(folder, sql, most_memory=1 << 30):
    folder.mkdir(exist_ok=True)
    (folder / "p.sql").write_text(sql)
    process = subprocess.Popen([FIRN, "run", str(folder / "p.sql"), "--warehouse", str(folder / "warehouse"), "--once"],
                               stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, errors="replace")
    code, said = ended(process, most_memory)
    assert code == 0 and "INTERNAL" not in said, (code, said[-3000:])


def seen(folder, name="s.t"):
    return shown(query(folder, f"SELECT * FROM {name} ORDER BY n"))


def shown(rows):
    """A table has one U+FFFD for a sequence that breaks off; a text that is printed as it came, one for each byte."""
    return [{name: re.sub("\ufffd+", "\ufffd", value) if isinstance(value, str) else value for name, value in row.items()} for row in rows]


def test_a_broker_and_files_give_the_same_rows(broker, tmp_path):
    """Numbered rows: by the offset, and by a prefix in the files, as those have no order."""
    topic = broker.create_topic("hostile_messages", 1, {"max.message.bytes": "10000000"})
    texts = list(MESSAGES.values())
    broker.produce(topic, [(0, None, text) for text in texts])
    stream(tmp_path, f"""CREATE STREAMING TABLE s.t AS SELECT n, {SHOWN} FROM
  (SELECT offset AS n, {CALL.format("CAST(value AS STRING)")} AS e FROM STREAM
   read_kafka(bootstrapServers => '{broker.address}', subscribe => '{topic}', startingOffsets => 'earliest'));""")
    (tmp_path / "in").mkdir()
    (tmp_path / "in/a.txt").write_bytes(b"".join(b"%d;" % n + text + b"\n" for n, text in enumerate(texts) if b"\n" not in text))
    parts = f"CAST(split_part(value, ';', 1) AS BIGINT) AS n, {CALL.format('substring(value, position(chr(59), value) + 1)')} AS e"
    stream(tmp_path, f"""CREATE STREAMING TABLE s.f AS SELECT n, {SHOWN} FROM
  (SELECT {parts} FROM STREAM read_stream(__format => 'text', __path => '{tmp_path}/in', __schema => 'value STRING'));""")
    batch = shown(query(tmp_path, f"SELECT n, {SHOWN} FROM (SELECT {parts} FROM text.`{tmp_path}/in`) ORDER BY n"))
    by_stream, by_files = seen(tmp_path), seen(tmp_path, "s.f")
    names = list(MESSAGES)
    assert [row["n"] for row in by_stream] == list(range(len(texts)))
    differing = [(names[a["n"]], a, b) for a, b in zip(by_files, batch) if a != b]
    assert not differing, repr(differing)
    of_stream = {row["n"]: row for row in by_stream}
    differing = [(names[row["n"]], of_stream[row["n"]], row) for row in batch if of_stream[row["n"]] != row]
    assert not differing, repr(differing)
    assert len(batch) == len(by_files) == sum(b"\n" not in text for text in texts)
    assert table(tmp_path, "s.t").scan().to_arrow().num_rows == len(texts)  # the texts in it are sound


BIG = [  # name, the producer's compression
    ("as_it_is", "none"), ("compressed", "gzip"),
]


@pytest.mark.parametrize("compression", [row[1] for row in BIG], ids=[row[0] for row in BIG])
@pytest.mark.parametrize("sound", [True, False], ids=["sound", "no_end"])
def test_a_message_of_100_megabytes(broker, tmp_path, compression, sound):
    from confluent_kafka import Producer

    size = 100_000_000
    topic = broker.create_topic(f"big_{compression}_{sound}", 1, {"max.message.bytes": str(size + 1_000_000)})
    producer = Producer({"bootstrap.servers": broker.address, "message.max.bytes": size + 1_000_000, "compression.type": compression,
                         "queue.buffering.max.kbytes": 2_000_000, "message.timeout.ms": 120_000})
    lost = []
    for text in (b'{"a":1,"s":"before"}', b'{"a":2,"s":"' + b"x" * (size - 14) + (b'"}' if sound else b'"'), b'{"a":3,"s":"after"}'):
        producer.produce(topic, text, partition=0, on_delivery=lambda error, _: error and lost.append(str(error)))
    assert producer.flush(120) == 0 and lost == []
    stream(tmp_path, f"""CREATE STREAMING TABLE s.t AS SELECT n, e.a, length(e.s) AS l, length(e._corrupt_record) AS c FROM
  (SELECT offset AS n, {CALL.format("CAST(value AS STRING)")} AS e FROM STREAM
   read_kafka(bootstrapServers => '{broker.address}', subscribe => '{topic}', startingOffsets => 'earliest'));""", 2 << 30)
    found = [(row["a"], row.get("l"), row.get("c")) for row in seen(tmp_path)]
    assert found == [(1, 6, None), (2, size - 14, None) if sound else (None, None, size - 1), (3, 5, None)]


def test_a_line_of_100_megabytes(tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "in/a.json").write_bytes(b'{"a":1,"s":"' + b"x" * 100_000_000 + b'"}\n{"a":2,"s":"y"}\n')
    stream(tmp_path, f"""CREATE STREAMING TABLE s.t AS SELECT a AS n, length(s) AS l FROM STREAM
  read_stream(__format => 'json', __path => '{tmp_path}/in', __schema => 'a BIGINT, s STRING');""", 2 << 30)
    assert [row["l"] for row in seen(tmp_path)] == [100_000_000, 1]


def test_keys_and_headers_of_any_bytes(broker, tmp_path):
    topic = broker.create_topic("keys", 1)
    keys = [b"", b"\x00", b"\xff\xfe", b"a\x00b", b"k" * 100_000, None]
    broker.produce(topic, [(0, key, None if key is None else key * 2, [("h\u00e9", b"\xff\x00"), ("", b""), ("n", None)]) for key in keys])
    source = f"read_kafka(bootstrapServers => '{broker.address}', subscribe => '{topic}', startingOffsets => 'earliest', includeHeaders => 'true')"
    columns = "offset AS n, hex(key) AS k, hex(value) AS v, size(headers) AS h, CAST(key AS STRING) AS t"
    run(tmp_path, f"CREATE STREAMING TABLE s.t AS SELECT {columns} FROM STREAM {source};")
    found = seen(tmp_path)
    assert [row.get("k") for row in found] == [None if key is None else key.hex().upper() for key in keys]
    assert [row.get("v") for row in found] == [None if key is None else (key * 2).hex().upper() for key in keys]
    assert [row["h"] for row in found] == [3] * len(keys)
