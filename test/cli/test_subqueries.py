"""Columns of enclosing queries in aggregates and windows of subqueries; frames of windows and what may bound them.

The rows follow from SQL, the conditions from Spark's sources.
"""

import json

import pytest

VIEWS = [
    "CREATE TEMPORARY VIEW o AS SELECT * FROM VALUES (1, 10, 'a'), (2, 20, 'b'), (3, 30, 'a'), (4, NULL, NULL) AS t(k, x, s)",
    "CREATE TEMPORARY VIEW i AS SELECT * FROM VALUES (1, 100), (1, 101), (3, 300), (NULL, 400), (2, 5) AS t(k, y)",
    "CREATE TEMPORARY VIEW j AS SELECT * FROM VALUES (1, 7), (2, 8), (2, 9) AS t(k, z)",
    "CREATE TEMPORARY VIEW w AS SELECT id, k, v, array(id, v) AS arr, date_add(DATE '2024-01-01', id) AS dt, id > 2 AS b"
    " FROM VALUES (1, 'a', 1), (2, 'a', 3), (2, 'b', 2), (4, 'b', NULL), (5, 'a', 5), (7, 'b', 7) AS t(id, k, v)",
]
ROWS = {
    "SELECT k, (SELECT max(o.x + i.y) FROM i WHERE i.k = o.k) FROM o": "1:111 2:25 3:330 4:-",
    "SELECT k, (SELECT sum(o.x) FROM i WHERE i.k = o.k) FROM o": "1:20 2:20 3:30 4:-",
    "SELECT k, (SELECT count(o.x) FROM i WHERE i.k = o.k) FROM o": "1:2 2:1 3:1 4:0",
    "SELECT k, (SELECT sum(o.x) + o.x FROM i WHERE i.k = o.k) FROM o": "1:30 2:40 3:60 4:-",
    "SELECT k, (SELECT sum(i.y) * max(o.x) FROM i WHERE i.k = o.k) FROM o": "1:2010 2:100 3:9000 4:-",
    "SELECT k, (SELECT o.x) FROM o": "1:10 2:20 3:30 4:-",
    "SELECT k, (SELECT * FROM (SELECT o.x)) FROM o": "1:10 2:20 3:30 4:-",
    "SELECT k, (SELECT max(r) FROM (SELECT sum(y + o.x) OVER (ORDER BY y) AS r FROM i WHERE i.k = o.k)) FROM o":
        "1:221 2:25 3:330 4:-",
    "SELECT k, sum((SELECT max(y) FROM i WHERE i.k = o.k)) OVER (PARTITION BY s) FROM o": "1:401 2:5 3:401 4:-",
    "SELECT k, (SELECT max(o.x + i.y + (SELECT max(j.z + o.x) FROM j WHERE j.k = o.k)) FROM i WHERE i.k = o.k) FROM o":
        "1:128 2:54 3:- 4:-",
    "SELECT o.k, l.m FROM o, LATERAL (SELECT sum(o.x) AS m FROM i WHERE i.k = o.k) l": "1:20 2:20 3:30 4:-",
    "SELECT k, x FROM o WHERE (SELECT count(o.x) FROM i WHERE i.k = o.k) > 0": "1:10 2:20 3:30",
    "SELECT k, x FROM o WHERE o.x IN (SELECT max(o.x) FROM i WHERE i.k = o.k)": "1:10 2:20 3:30",
    "SELECT (SELECT max(y) FROM i WHERE i.k = o.k) > 50 AS r, count(*) FROM o GROUP BY (SELECT max(y) FROM i WHERE i.k = o.k) > 50":
        "-:1 false:1 true:2",
    "SELECT EXISTS (SELECT 1 FROM i WHERE i.k = o.k) AS e, count(*) FROM o GROUP BY ALL": "false:1 true:3",
    "SELECT transform(array(s), x -> upper(x)) AS r, count(*) FROM o WHERE k < 4 GROUP BY transform(array(s), x -> upper(x))":
        "[A]:2 [B]:1",
    "SELECT DISTINCT id, sort_array(collect_list(v) OVER (ORDER BY id RANGE BETWEEN 1 PRECEDING AND 1 FOLLOWING)) FROM w":
        "1:[1, 2, 3] 2:[1, 2, 3] 4:[5] 5:[5] 7:[7]",
    "SELECT DISTINCT id, sum(v) OVER (ORDER BY id RANGE BETWEEN 1.5 PRECEDING AND CURRENT ROW) FROM w":
        "1:1 2:6 4:- 5:5 7:7",
    "SELECT DISTINCT id, sum(v) OVER (ORDER BY id RANGE BETWEEN CURRENT ROW AND -1 PRECEDING) FROM w": "1:6 2:5 4:5 5:5 7:7",
    "SELECT DISTINCT id, sum(v) OVER (ORDER BY dt RANGE BETWEEN INTERVAL 1 MONTH PRECEDING AND CURRENT ROW) FROM w":
        "1:1 2:6 4:6 5:11 7:18",
    "SELECT min(a), max(a) FROM VALUES (array(1, 2)), (array(1, NULL)), (array(NULL)), (array()) AS t(a)": "[]:[1, 2]",
    "SELECT max(struct(d, s)).s, min_by(s, struct(d)) FROM VALUES (-0.5D, 'x'), (double('NaN'), 'y'), (NULL, 'z') AS t(d, s)": "y:z",
    "SELECT first(a), last(a) FROM (SELECT struct(x, y) AS a FROM VALUES (1, 'b'), (NULL, 'a'), (1, NULL) AS t(x, y) ORDER BY a DESC)":
        "{1, b}:{NULL, a}",
    "SELECT 1, 'foobar' RLIKE 'foo(?=bar)' AND 'aa' RLIKE r'^(a)\\1$'": "1:true",
}
FRAME = "DATATYPE_MISMATCH.SPECIFIED_WINDOW_FRAME_"
REFUSED = {
    "SELECT sum(v) OVER (ORDER BY arr RANGE BETWEEN 1 PRECEDING AND CURRENT ROW) FROM w": "DATATYPE_MISMATCH.RANGE_FRAME_INVALID_TYPE",
    "SELECT sum(v) OVER (ORDER BY dt RANGE BETWEEN INTERVAL 2 HOURS PRECEDING AND CURRENT ROW) FROM w":
        "DATATYPE_MISMATCH.RANGE_FRAME_INVALID_TYPE",
    "SELECT sum(v) OVER (ORDER BY k RANGE BETWEEN 1 PRECEDING AND CURRENT ROW) FROM w": FRAME + "UNACCEPTED_TYPE",
    "SELECT sum(v) OVER (ORDER BY b RANGE BETWEEN 1 PRECEDING AND CURRENT ROW) FROM w": FRAME + "UNACCEPTED_TYPE",
    "SELECT sum(v) OVER (ORDER BY id ROWS BETWEEN 1.5 PRECEDING AND CURRENT ROW) FROM w": FRAME + "UNACCEPTED_TYPE",
    "SELECT sum(v) OVER (ORDER BY id, v RANGE BETWEEN 1 PRECEDING AND CURRENT ROW) FROM w": "DATATYPE_MISMATCH.RANGE_FRAME_MULTI_ORDER",
    "SELECT sum(v) OVER (RANGE BETWEEN 1 PRECEDING AND CURRENT ROW) FROM w": "DATATYPE_MISMATCH.RANGE_FRAME_WITHOUT_ORDER",
    "SELECT sum(v) OVER (ORDER BY id ROWS BETWEEN UNBOUNDED FOLLOWING AND 1 PRECEDING) FROM w": FRAME + "INVALID_BOUND",
    "SELECT sum(v) OVER (ORDER BY id ROWS BETWEEN 1 FOLLOWING AND UNBOUNDED PRECEDING) FROM w": FRAME + "INVALID_BOUND",
    "SELECT sum(v) OVER (ORDER BY id ROWS BETWEEN 2 FOLLOWING AND 1 FOLLOWING) FROM w": FRAME + "WRONG_COMPARISON",
    "SELECT sum(v) OVER (ORDER BY dt RANGE BETWEEN 1 PRECEDING AND INTERVAL 1 DAY FOLLOWING) FROM w": FRAME + "DIFF_TYPES",
    "SELECT ntile(id) OVER (ORDER BY id) FROM w": "DATATYPE_MISMATCH.NON_FOLDABLE_INPUT",
    "SELECT nth_value(v, 0) OVER (ORDER BY id) FROM w": "DATATYPE_MISMATCH.VALUE_OUT_OF_RANGE",
    "SELECT (SELECT listagg(k, o.s) FROM w) FROM o": "DATATYPE_MISMATCH.NON_FOLDABLE_INPUT",
    "SELECT transform(arr, a -> (SELECT max(y) FROM i)) FROM w": "UNSUPPORTED_SUBQUERY_EXPRESSION_CATEGORY.HIGHER_ORDER_FUNCTION",
    "SELECT rank() OVER (ORDER BY id ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) FROM w": "FIRN_INVALID_INPUT",
}


@pytest.fixture(scope="module")
def answers(tmp_path_factory):
    from conftest import Firn

    arguments = [part for sql in [*VIEWS, *ROWS, *REFUSED] for part in ("-e", sql)]
    run = Firn(tmp_path_factory.mktemp("sql"))("sql", "--format", "typed-json", "--keep-going", *arguments, timeout=300)
    lines = [json.loads(line) for line in run.out.splitlines()]
    assert len(lines) == len(VIEWS) + len(ROWS) + len(REFUSED), run.err
    return dict(zip([*VIEWS, *ROWS, *REFUSED], lines))


@pytest.mark.parametrize("sql", ROWS)
def test_rows(answers, sql):
    answer = answers[sql]
    assert "rows" in answer, answer
    assert " ".join(sorted(":".join("-" if v is None else v for v in row) for row in answer["rows"])) == ROWS[sql]


@pytest.mark.parametrize("sql", REFUSED)
def test_refused(answers, sql):
    assert answers[sql].get("condition") == REFUSED[sql], answers[sql]
