"""A real Kafka broker (KRaft, one node, loopback) from .deps/peers/kafka, for tests and benchmarks."""

import contextlib
import socket
import subprocess
import time
from pathlib import Path

from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient, NewTopic

ROOT = Path(__file__).resolve().parents[1]
JARS = ROOT / ".deps/peers/kafka"


def free_ports(count):
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]


class Broker:
    """start() … stop(); restart() keeps port and data."""

    def __init__(self, folder, heap="512m"):
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.heap = heap
        self.port, self.controller = free_ports(2)
        self.address = f"127.0.0.1:{self.port}"
        self.process = None
        self._write_properties()

    def _write_properties(self):
        (self.folder / "log4j.properties").write_text(
            "log4j.rootLogger=WARN, out\nlog4j.appender.out=org.apache.log4j.ConsoleAppender\n"
            "log4j.appender.out.layout=org.apache.log4j.SimpleLayout\n")
        (self.folder / "server.properties").write_text(f"""
process.roles=broker,controller
node.id=1
listeners=PLAINTEXT://127.0.0.1:{self.port},CONTROLLER://127.0.0.1:{self.controller}
advertised.listeners=PLAINTEXT://127.0.0.1:{self.port}
controller.listener.names=CONTROLLER
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
controller.quorum.voters=1@127.0.0.1:{self.controller}
log.dirs={self.folder / 'data'}
offsets.topic.replication.factor=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
auto.create.topics.enable=false
group.initial.rebalance.delay.ms=0
log.retention.check.interval.ms=500
""")

    def _java(self, *arguments):
        return ["java", f"-Xmx{self.heap}", f"-Dlog4j.configuration=file:{self.folder / 'log4j.properties'}",
                "-cp", ":".join(map(str, sorted(JARS.glob("*.jar")))), *arguments]

    def start(self):
        properties = str(self.folder / "server.properties")
        if not (self.folder / "data/meta.properties").exists():
            identity = subprocess.check_output(self._java("kafka.tools.StorageTool", "random-uuid"), text=True).split()[-1]
            subprocess.run(self._java("kafka.tools.StorageTool", "format", "-t", identity, "-c", properties),
                           check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        with open(self.folder / "broker.log", "a", encoding="utf-8") as log:
            self.process = subprocess.Popen(self._java("kafka.Kafka", properties), stdout=log, stderr=log)
        for _ in range(960):
            with contextlib.suppress(OSError):
                socket.create_connection(("127.0.0.1", self.port), 0.5).close()
                if AdminClient({"bootstrap.servers": self.address}).list_topics(timeout=5).brokers:
                    return self
            assert self.process.poll() is None, (self.folder / "broker.log").read_text()[-2000:]
            time.sleep(0.25)
        raise AssertionError("the broker did not start")

    def stop(self):
        if self.process is not None:
            self.process.terminate()
            self.process.wait(60)
            self.process = None

    def restart(self):
        self.stop()
        return self.start()

    def admin(self):
        return AdminClient({"bootstrap.servers": self.address})

    def create_topic(self, name, partitions=4, config=None):
        admin = self.admin()   # held until the answer is there
        for future in admin.create_topics([NewTopic(name, partitions, 1, config=config or {})]).values():
            future.result()
        return name

    def produce(self, topic, messages):
        """messages: values, or (partition, key, value[, headers]) tuples."""
        producer = Producer({"bootstrap.servers": self.address, "linger.ms": 5, "queue.buffering.max.messages": 1000000})
        for number, message in enumerate(messages):
            if not isinstance(message, tuple):
                message = (None, None, message)
            partition, key, value, *headers = message
            options = {"headers": headers[0]} if headers else {}
            if partition is not None:
                options["partition"] = partition
            while True:
                try:
                    producer.produce(topic, value, key=key, **options)
                    break
                except BufferError:
                    producer.poll(0.1)
            if number % 1000 == 0:
                producer.poll(0)
        assert producer.flush(60) == 0
