"""Offsets that are gone: failOnDataLoss decides, and the gap is said."""

import sys
from pathlib import Path

from confluent_kafka import TopicPartition

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from pipeline import pipeline_text, rows, run  # noqa: E402

EVENT = ('{"event_id":"%s","user_id":"u","occurred_at":"2026-01-01T00:00:00Z","gdpr_consent":true,'
         '"listing_id":"l","price":1.0}')


def produce(broker, topic, first, count):
    broker.produce(topic, [(0, None, EVENT % i) for i in range(first, first + count)])


def lose(broker, topic, before):
    admin = broker.admin()
    for future in admin.delete_records([TopicPartition(topic, 0, before)]).values():
        future.result()


def ids(folder):
    return {int(event_id) for (event_id,) in rows(folder, "silver.booking", "event_id")}


def prepare(broker, topic, folder, options=""):
    sql = pipeline_text(broker.address, topic, options=options)
    produce(broker, topic, 0, 100)
    run(folder, sql)
    produce(broker, topic, 100, 200)
    lose(broker, topic, 150)            # 100 to 149 were never read
    return sql


def test_lost_offsets_end_the_query_by_name(broker, topic, tmp_path):
    sql = prepare(broker, topic, tmp_path)
    finished = run(tmp_path, sql, check=False)
    assert finished.returncode == 1 and "KAFKA_DATA_LOSS" in finished.stderr and "failOnDataLoss" in finished.stderr
    assert topic in finished.stderr and "100" in finished.stderr and "149" in finished.stderr
    assert ids(tmp_path) == set(range(100))


def test_without_the_check_it_goes_on_and_says_so(broker, topic, tmp_path):
    sql = prepare(broker, topic, tmp_path, options=", failOnDataLoss => 'false'")
    finished = run(tmp_path, sql)
    assert "failOnDataLoss=false" in finished.stderr
    assert ids(tmp_path) == set(range(100)) | set(range(150, 300))
