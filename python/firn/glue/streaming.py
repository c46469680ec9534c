"""Streaming sources of Glue, and forEachBatch."""

import sys

from firn.errors import NotSupported
from firn.glue import sources
from pyspark.sql import functions as F

# Glue's options of a Kafka source → Spark's.
KAFKA = {
    "bootstrap.servers": "kafka.bootstrap.servers", "topicName": "subscribe", "subscribePattern": "subscribePattern",
    "assign": "assign", "startingOffsets": "startingOffsets", "endingOffsets": "endingOffsets",
    "maxOffsetsPerTrigger": "maxOffsetsPerTrigger", "minPartitions": "minPartitions",
    "security.protocol": "kafka.security.protocol", "failOnDataLoss": "failOnDataLoss",
    "pollTimeoutMs": "kafkaConsumer.pollTimeoutMs", "numRetries": "fetchOffset.numRetries",
    "retryIntervalMs": "fetchOffset.retryIntervalMs", "includeHeaders": "includeHeaders",
}
# Read by Glue itself.
OURS = {"classification", "delimiter", "inferSchema", "schema", "connectionName", "typeOfData",
        "emitConsumerLagMetrics", "kafka.region", "kafka.credentials.provider"}


def read_kafka(session, options):
    reader = session.readStream.format("kafka")
    if options.get("connectionName") and not options.get("bootstrap.servers"):
        from firn.glue.catalog import connection
        reader = reader.option("kafka.bootstrap.servers",
                               connection(options["connectionName"]).get("bootstrap.servers", ""))
    for key, value in options.items():
        if key in OURS:
            continue
        reader = reader.option(KAFKA.get(key, key), str(value))
    frame = reader.load()
    classification = str(options.get("classification", "")).lower()
    if not classification:
        return frame
    text = F.col("value").cast("string")
    schema = options.get("schema")
    if not schema:
        raise NotSupported("inferring the schema of a Kafka topic", "give it as the option schema: a DDL string")
    if classification == "json":
        return frame.select(F.from_json(text, schema).alias("\x01e")).select("\x01e.*")
    if classification == "csv":
        return frame.select(F.from_csv(text, schema, {"sep": options.get("delimiter", ",")}).alias("\x01e")) \
            .select("\x01e.*")
    raise NotSupported(f"the classification {classification!r} of a Kafka source", "json and csv are read")


def read(session, connection_type, options):
    if connection_type == "kafka":
        return read_kafka(session, options)
    return sources.refuse(connection_type)


def seconds_of(text):
    """"100 seconds" as Spark's trigger takes it; a bare number is seconds."""
    word = str(text).strip()
    return f"{word} seconds" if word.isdigit() else word


RETRIES = 3


def retrying(batch_function, retries):
    """batchMaxRetries: a batch whose function fails is given to it again, so many times."""
    def run(frame, batch_id):
        for left in range(retries, -1, -1):
            try:
                return batch_function(frame, batch_id)
            except Exception as error:
                if not left:
                    raise
                print(f"batch {batch_id} failed and is tried again: {type(error).__name__}: {error}", file=sys.stderr)
        return None
    return run


def for_each_batch(frame, batch_function, options):
    unknown = set(options) - {"windowSize", "checkpointLocation", "batchMaxRetries", "persistDataFrame",
                              "storageLevel"}
    if unknown:
        raise ValueError(f"forEachBatch has no options {', '.join(sorted(unknown))}")
    function = retrying(batch_function, int(options.get("batchMaxRetries", RETRIES)))
    writer = frame.writeStream.foreachBatch(function).outputMode("append")
    writer = writer.trigger(processingTime=seconds_of(options.get("windowSize", "100 seconds")))
    if options.get("checkpointLocation"):
        writer = writer.option("checkpointLocation", options["checkpointLocation"])
    query = writer.start()
    try:
        query.awaitTermination()
    except KeyboardInterrupt:
        query.stop()
    return query
