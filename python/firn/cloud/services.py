"""Clients of the embedded profile: CloudWatch's put_metric_data is kept, other calls and services are refused."""

import json
import os
import threading
from datetime import datetime, timezone
from pathlib import Path

from firn.errors import NotSupported

INSTEAD = ("run with --aws, or set AWS_ACCESS_KEY_ID or AWS_ENDPOINT_URL, and the same call goes to the real service")
METRICS_FILE = "FIRN_METRICS_FILE"
UNITS = set("""Seconds Microseconds Milliseconds Bytes Kilobytes Megabytes Gigabytes Terabytes Bits Kilobits Megabits
Gigabits Terabits Percent Count Bytes/Second Kilobytes/Second Megabytes/Second Gigabytes/Second Terabytes/Second
Bits/Second Kilobits/Second Megabits/Second Gigabits/Second Terabits/Second Count/Second None""".split())
_lock = threading.Lock()


def metrics_file():
    return Path(os.environ.get(METRICS_FILE) or Path(".firn") / "metrics" / "cloudwatch.jsonl")


class _Client:
    """A service of which some calls are answered here."""
    service = ""

    def __getattr__(self, operation):
        if operation.startswith("__"):
            raise AttributeError(operation)
        raise NotSupported(f"boto3 {self.service}.{operation} in the embedded AWS profile", INSTEAD)


class CloudWatch(_Client):
    service = "cloudwatch"

    def put_metric_data(self, *, Namespace, MetricData=(), EntityMetricData=(), StrictEntityValidation=None):
        if not isinstance(Namespace, str) or not Namespace:
            raise ValueError("put_metric_data: Namespace must be a string that is not empty")
        data = [*MetricData, *(one for entity in EntityMetricData for one in entity.get("MetricData", ()))]
        lines = [json.dumps(_metric_line(Namespace, datum)) + "\n" for datum in data]
        path = metrics_file()
        with _lock:
            path.parent.mkdir(parents=True, exist_ok=True)
            with open(path, "a", encoding="utf-8") as file:
                file.writelines(lines)
        return {"ResponseMetadata": {"HTTPStatusCode": 200, "RetryAttempts": 0}}


def _metric_line(namespace, datum):
    name = datum.get("MetricName")
    if not isinstance(name, str) or not name:
        raise ValueError("put_metric_data: MetricName is missing in MetricData")
    given = [key for key in ("Value", "Values", "StatisticValues") if datum.get(key) is not None]
    if len(given) != 1:
        raise ValueError(f"put_metric_data: {name} needs one of Value, Values, StatisticValues")
    unit = datum.get("Unit", "None")
    if unit not in UNITS:
        raise ValueError(f"put_metric_data: Unit {unit!r} of {name} is none that CloudWatch knows")
    time = datum.get("Timestamp") or datetime.now(timezone.utc)
    line = {
        "timestamp": time.isoformat() if isinstance(time, datetime) else str(time),
        "namespace": namespace,
        "name": name,
        "unit": unit,
        "dimensions": {one["Name"]: one["Value"] for one in datum.get("Dimensions", ())},
    }
    if given == ["Value"]:
        line["value"] = float(datum["Value"])
    elif given == ["Values"]:
        line["values"] = [float(value) for value in datum["Values"]]
        line["counts"] = [float(count) for count in datum.get("Counts") or [1] * len(datum["Values"])]
    else:
        line["statistics"] = {key: float(value) for key, value in datum["StatisticValues"].items()}
    return line


SERVICES = {"cloudwatch": CloudWatch}


def client(service_name, *args, **kwargs):
    if service_name not in SERVICES:
        raise NotSupported(f"boto3.client({service_name!r}) in the embedded AWS profile", INSTEAD)
    return SERVICES[service_name]()


def resource(service_name, *args, **kwargs):
    raise NotSupported(f"boto3.resource({service_name!r}) in the embedded AWS profile", INSTEAD)
