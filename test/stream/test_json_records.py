"""from_json over a topic: the source's own decoding gives what the engine's function gives, valid or hostile."""

import json
import random
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from pipeline import query, run, table  # noqa: E402

SCHEMA = ("a BIGINT, s STRING, d DOUBLE, arr ARRAY<INT>, m MAP<STRING,STRING>, n STRUCT<p: STRUCT<q: INT>, l: ARRAY<STRUCT<x: DATE>>>, "
          "ts TIMESTAMP, dt DATE, amount DECIMAL(8,2), b BOOLEAN, i INT, bin BINARY, f FLOAT")
HOSTILE = [
    b"", None, b"null", b"[]", b'[{"a":5}]', b'{"a":"7"}', b'{"a":1', b'{"a":1}}', b'{"a":1} {"a":2}', b"{a:1}", b"{'a':3,'s':'q'}",
    b'{"a":NaN,"d":NaN}', b'{"d":-Infinity}', b'{"a":12345678901234567890}', b'{"a":1.0}', b'{"a":true}', b'{"s":{"x":[1, 2]}}',
    b'{"s":"\\u00e9\\ud83d\\ude00"}', b'{"s":"\\ud83d"}', b'{"s":"a\xffb"}', b'\xef\xbb\xbf{"a":9}', b'{"arr":[1,"x",3]}', b'{"arr":5}',
    b'{"m":[1]}', b'{"n":{"p":{"q":"z"}}}', b'{"n":5}', b'{"n":{"l":[{"x":"2024-01-01"},null,{"x":"?"}]}}', b'{"a":1,"a":2}', b'{"A":8}',
    b'{"ts":"2024-01-01"}', b'{"ts":"garbage","a":1}', b'{"ts":1700000000.5}', b'{"dt":"2024-02-30"}', b'{"amount":1.239}',
    b'{"amount":12345678.9}', b'{"b":1}', b"   ", b'"str"', b"123", b'{"a":1,}', b'{"a":1 /*c*/}', b'{"s":"ctl\x01"}', b'{"s":"\\u0000"}',
    b'{"i":2147483648}', b'{"a":01}', b'{"a":+1}', b'{"s":"' + b"x" * 70000 + b'"}', b"[" * 2000, b'{"n":' * 1500, b'{"bin":"***"}',
    b'{"f":3.4e39}', b'{"d":1e309}', b'{"a":0x10}', b'{"s":"a","s":5,"a":"bad"}', b"\x00", b'{"a":1}\x00', b'{"\xff":1}',
]


def value(choice, depth=0):
    kind = choice.randrange(9 if depth < 3 else 6)
    if kind == 0:
        return choice.choice(["2024-02-29T10:00:00.5Z", "2024-02-29", "x", "", "1.5", "ünï", "\u0000\ud800", "aGk="])
    if kind == 1:
        return choice.choice([0, -1, 2**31, 2**63 - 1, 1700000000])
    if kind == 2:
        return choice.choice([1.5, -2.25, 1e300, 0.005])
    if kind in (3, 4):
        return choice.choice([True, False, None])
    if kind in (5, 6):
        return [value(choice, depth + 1) for _ in range(choice.randrange(3))]
    return {choice.choice("pqlxk"): value(choice, depth + 1) for _ in range(choice.randrange(3))}


def generated(seed, count):
    choice = random.Random(seed)
    names = ["a", "s", "d", "arr", "m", "n", "ts", "dt", "amount", "b", "i", "bin", "f", "other"]
    texts = []
    for _ in range(count):
        fields = {choice.choice(names): value(choice) for _ in range(choice.randrange(6))}
        text = bytearray(json.dumps(fields, ensure_ascii=choice.random() < 0.5).encode("utf-8", "surrogatepass"))
        if choice.random() < 0.15 and text:
            text[choice.randrange(len(text))] = choice.randrange(256)      # one byte of it is another
        texts.append(bytes(text))
    return texts


def test_the_source_and_the_function_agree(broker, topic, tmp_path):
    texts = HOSTILE + generated(1, 1500)
    broker.produce(topic, [(0, None, text) for text in texts])
    call = "from_json({}, '" + SCHEMA + ", _corrupt_record STRING')"
    run(tmp_path, f"""
CREATE TEMPORARY VIEW events AS SELECT offset, value FROM STREAM
  read_kafka(bootstrapServers => '{broker.address}', subscribe => '{topic}', startingOffsets => 'earliest');
CREATE STREAMING TABLE s.by_source AS SELECT offset, e.* FROM (SELECT offset, {call.format("CAST(value AS STRING)")} AS e FROM events);
CREATE STREAMING TABLE s.by_function AS SELECT offset, e.* FROM
  (SELECT offset, {call.format("concat(CAST(value AS STRING), '')")} AS e FROM events);""")
    differing = query(tmp_path, """
SELECT f.offset, to_json(struct(f.*)) AS by_function, to_json(struct(t.*)) AS by_source FROM s.by_source t
JOIN s.by_function f ON f.offset = t.offset WHERE NOT (to_json(struct(f.*)) <=> to_json(struct(t.*)))""")
    assert differing == []
    found = table(tmp_path, "s.by_source").scan(selected_fields=("offset", "_corrupt_record")).to_arrow().to_pylist()
    assert len(found) == len(texts)
    malformed = {row["offset"] for row in found if row["_corrupt_record"] is not None}
    assert {texts.index(text) for text in (b"[]", b'[{"a":5}]', b'{"a":1', b"null", b'{"a":"7"}')} <= malformed
    assert not {texts.index(text) for text in (b"", None, b"   ", b'{"a":1}}', b'{"A":8}')} & malformed


def mode_sql(broker, topic, mode, select="offset, {}", where=""):
    call = f"from_json(CAST(value AS STRING), 'a INT', map('mode', '{mode}'))"
    return (f"CREATE STREAMING TABLE s.t AS SELECT {select.format(call + '.a AS a')} FROM STREAM "
            f"read_kafka(bootstrapServers => '{broker.address}', subscribe => '{topic}', startingOffsets => 'earliest') {where};")


def test_failfast_ends_the_query_before_anything_is_committed(broker, topic, tmp_path):
    broker.produce(topic, [(0, None, b'{"a":1}'), (0, None, b'{"a":'), (0, None, b'{"a":3}')])
    finished = run(tmp_path, mode_sql(broker, topic, "FAILFAST"), check=False)
    assert finished.returncode == 1 and "MALFORMED_RECORD_IN_PARSING" in finished.stderr
    assert query(tmp_path, "SELECT count(*) AS n FROM s.t") == [{"n": 0}]


@pytest.mark.parametrize("shape", ["filter", "condition"])
def test_failfast_is_about_the_rows_that_it_is_asked_for(broker, topic, tmp_path, shape):
    broker.produce(topic, [(0, None, b'{"a":1}'), (0, None, b'{"a":'), (0, None, b'{"a":3}')])
    sql = (mode_sql(broker, topic, "FAILFAST", where="WHERE offset <> 1") if shape == "filter" else
           mode_sql(broker, topic, "FAILFAST").replace("from_json", "CASE WHEN offset <> 1 THEN from_json").replace(".a AS a", ".a END AS a"))
    run(tmp_path, sql)
    found = query(tmp_path, "SELECT offset, a FROM s.t WHERE a IS NOT NULL ORDER BY offset")
    assert found == [{"offset": 0, "a": 1}, {"offset": 2, "a": 3}]


def test_dropmalformed_gives_null_and_counts(broker, topic, tmp_path):
    broker.produce(topic, [(0, None, b'{"a":1}'), (0, None, b'{"a":'), (0, None, b'{"a":"x"}')])
    finished = run(tmp_path, mode_sql(broker, topic, "DROPMALFORMED"), "--log-format", "json")
    assert query(tmp_path, "SELECT offset, a FROM s.t ORDER BY offset") == [
        {"offset": 0, "a": 1}, {"offset": 1, "a": None}, {"offset": 2, "a": None}]
    assert '"malformed":2' in finished.stderr


def test_texts_that_are_not_utf8_do_not_make_a_table_unreadable(broker, topic, tmp_path):
    broker.produce(topic, [(0, b"k\xff", b'{"a":"\xff'), (0, None, b"ok"), (0, None, b"\xed\xa0\x80"), (0, None, b'{"a":["x\xc3"]}')])
    run(tmp_path, f"""
CREATE TEMPORARY VIEW events AS SELECT offset, key, value, from_json(CAST(value AS STRING), 'a ARRAY<STRING>, _corrupt_record STRING') AS e
  FROM STREAM read_kafka(bootstrapServers => '{broker.address}', subscribe => '{topic}', startingOffsets => 'earliest');
CREATE STREAMING TABLE s.t AS SELECT offset, CAST(key AS STRING) AS k, array(CAST(value AS STRING)) AS v, e.a, e._corrupt_record AS bad,
  value AS raw FROM events;""")
    want = [
        {"offset": 0, "k": "k\ufffd", "v": ['{"a":"\ufffd'], "a": None, "bad": '{"a":"\ufffd', "raw": b'{"a":"\xff'},
        {"offset": 1, "k": None, "v": ["ok"], "a": None, "bad": "ok", "raw": b"ok"},
        {"offset": 2, "k": None, "v": ["\ufffd\ufffd\ufffd"], "a": None, "bad": "\ufffd\ufffd\ufffd", "raw": b"\xed\xa0\x80"},
        {"offset": 3, "k": None, "v": ['{"a":["x\ufffd"]}'], "a": ["x\ufffd"], "bad": None, "raw": b'{"a":["x\xc3"]}'}]
    found = table(tmp_path, "s.t").scan().to_arrow().sort_by("offset").to_pylist()
    assert [{**row, "a": row["a"] or None} for row in found] == want       # PyIceberg reads a list that is NULL as empty
    assert query(tmp_path, "SELECT k, v FROM s.t WHERE offset = 0") == [{"k": "k\ufffd", "v": ['{"a":"\ufffd']}]
