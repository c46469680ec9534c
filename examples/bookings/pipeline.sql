-- Booking events, from Kafka into Iceberg tables: Silver (one clean row an event), quarantine (what
-- is wrong, and why), Gold (KPIs by minute and listing).
--
--   firn run examples/bookings/pipeline.sql --conf brokers=localhost:9092
--
-- ${brokers} is the configuration value `brokers`: from --conf, a properties file, or a SET above its
-- use. Tables go to ./warehouse (--warehouse); each flow keeps its place in the topic, its state and
-- its exactly-once bookkeeping in a checkpoint under _checkpoints there, or below the folder that
--   SET spark.sql.streaming.checkpointLocation = /path;
-- names. Stop it with Ctrl-C and start it again whenever you like: nothing is lost or repeated.

CREATE NAMESPACE IF NOT EXISTS silver;
CREATE NAMESPACE IF NOT EXISTS quarantine;
CREATE NAMESPACE IF NOT EXISTS gold;

-- 1. The source. A record's value is bytes; from_json with a declared schema makes columns of it. A
--    field that a record lacks is NULL. A record that is not JSON, or has a field of a wrong type,
--    is kept as text in _corrupt_record (mode PERMISSIVE, the default).
CREATE TEMPORARY VIEW events AS
SELECT topic, partition, offset, value,
       from_json(cast(value AS STRING),
                 'event_id STRING, user_id STRING, occurred_at TIMESTAMP, gdpr_consent BOOLEAN,
                  listing_id STRING, price DOUBLE, currency STRING, event_type STRING,
                  payload STRING, _corrupt_record STRING') AS e
FROM STREAM read_kafka(
  bootstrapServers => '${brokers}',
  subscribe        => 'booking_events',
  startingOffsets  => 'earliest');

-- 2. Validation. One expression says what is wrong with an event, or NULL where it is good. Both
--    tables below read this view: the topic is still read once.
CREATE TEMPORARY VIEW checked AS
SELECT topic, partition, offset, value, e.*,
       CASE WHEN e._corrupt_record IS NOT NULL THEN 'malformed JSON'
            WHEN e.event_id IS NULL            THEN 'event_id is missing'
            WHEN e.occurred_at IS NULL         THEN 'occurred_at is missing'
            WHEN e.price IS NULL               THEN 'price is missing'
            WHEN e.price < 0                   THEN 'price is negative'
       END AS reason
FROM events;

-- 3. Silver: good events of users who consented, each event_id once. Events that come more than 24
--    hours of event time late are dropped and counted. Event ids are remembered for good, as
--    dropDuplicates does in Spark: 16 bytes each on disk, about 9 bits each in memory.
CREATE STREAMING TABLE silver.booking
PARTITIONED BY (days(occurred_at))
COMMENT 'One row a booking event'
TBLPROPERTIES ('write.parquet.compression-codec' = 'zstd')
AS
SELECT DISTINCT ON (event_id)
       event_id, user_id, occurred_at, listing_id, price, currency, event_type, payload
FROM (SELECT * FROM checked WHERE reason IS NULL AND gdpr_consent)
     WATERMARK occurred_at DELAY OF INTERVAL 24 HOURS;

-- 4. Quarantine: the raw bytes of everything that is wrong, where it came from, and the reason.
CREATE STREAMING TABLE quarantine.booking
COMMENT 'Events that did not pass validation'
AS
SELECT topic, partition, offset, value AS raw, reason
FROM checked
WHERE reason IS NOT NULL;

-- 5. Gold: recomputed from Silver while the pipeline runs and at its end.
CREATE MATERIALIZED VIEW gold.booking_minute
PARTITIONED BY (days(ts_minute))
COMMENT 'Bookings and gross merchandise value by minute and listing'
AS
SELECT listing_id,
       window.start             AS ts_minute,
       count(DISTINCT event_id) AS bookings,
       sum(price)               AS gmv
FROM silver.booking
GROUP BY window(occurred_at, '1 minute'), listing_id;
