"""A broker's topics by the names that a text uses, made anew for each test."""

import time


class KafkaTopics:
    def __init__(self, broker, topics):
        """`topics`: {name: partitions}."""
        from confluent_kafka.admin import NewTopic
        self.address = broker.address
        self._broker = broker
        admin = broker.admin()
        for future in admin.delete_topics(list(topics)).values():
            try:
                future.result(10)
            except Exception:  # it was not there
                pass
        for name, partitions in topics.items():
            for _ in range(50):
                try:
                    admin.create_topics([NewTopic(name, partitions, 1)])[name].result(10)
                    break
                except Exception:  # still being deleted
                    time.sleep(0.2)
            else:
                raise AssertionError(f"the topic {name} could not be made")

    def produce(self, topic, texts, key=None):
        self._broker.produce(topic, [(None, key, text.encode()) for text in texts])
