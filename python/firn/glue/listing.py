"""Files below S3 paths and local folders, with their times: what bookmarks and purges go by.

In the embedded profile a bucket is a folder; with AWS the objects are listed through boto3.
"""

import fnmatch
import json
import os
import re
from dataclasses import dataclass
from pathlib import Path

from firn.spark import process

BUCKET = re.compile(r"^s3[an]?://([^/]+)/?(.*)$")


@dataclass(frozen=True)
class File:
    uri: str
    modified_ms: int
    size: int


def bucket_root(session):
    return Path(session.conf.get("firn.s3.root", None) or os.environ.get("FIRN_S3_ROOT") or ".firn/s3")


def local_path(session, uri):
    """Where an URI is on this machine; None for S3 itself."""
    found = BUCKET.match(uri)
    if found:
        return None if process.settings.get("aws") else bucket_root(session) / found.group(1) / found.group(2)
    return Path(uri.removeprefix("file://") if uri.startswith("file://") else uri.removeprefix("file:"))


def files_below(session, uri):
    """Files at the path and below, sorted. Names that begin with _ or . are no data."""
    local = local_path(session, uri)
    if local is None:
        return _objects(uri)
    if local.is_file():
        found = [local]
    else:
        found = [Path(folder) / name for folder, folders, names in os.walk(local) for name in names
                 if not folders.sort()]
    base = uri.rstrip("/")
    result = []
    for path in found:
        inner = "" if path == local else path.relative_to(local).as_posix()
        if any(part.startswith(("_", ".")) and "=" not in part for part in inner.split("/")):
            continue
        state = path.stat()
        result.append(File(f"{base}/{inner}" if inner else uri, state.st_mtime_ns // 1_000_000, state.st_size))
    return sorted(result, key=lambda file: file.uri)


def _objects(uri):
    import boto3
    scheme, rest = uri.split("://", 1)
    bucket, _, prefix = rest.partition("/")
    pages = boto3.client("s3").get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
    found = [File(f"{scheme}://{bucket}/{one['Key']}", int(one["LastModified"].timestamp() * 1000), one["Size"])
             for page in pages for one in page.get("Contents", ()) if not one["Key"].endswith("/")]
    return sorted(found, key=lambda file: file.uri)


def excluded(files, exclusions, paths):
    """Without those that match a glob of `exclusions` (a JSON list of globs, of whole URIs or below the paths)."""
    if not exclusions:
        return files
    globs = json.loads(exclusions) if isinstance(exclusions, str) else list(exclusions)

    def matches(file):
        tails = [file.uri.removeprefix(path.rstrip("/") + "/") for path in paths]
        return any(_glob(glob).match(name) for glob in globs for name in (file.uri, *tails))
    return [file for file in files if not matches(file)]


def _glob(glob):
    """Glue's globs: ** crosses folders, * does not, {a,b}, [!a]."""
    parts, i = [], 0
    while i < len(glob):
        if glob.startswith("**", i):
            parts.append(".*")
            i += 2
        elif glob[i] == "*":
            parts.append("[^/]*")
            i += 1
        elif glob[i] == "?":
            parts.append("[^/]")
            i += 1
        elif glob[i] == "{" and "}" in glob[i:]:
            end = glob.index("}", i)
            parts.append("(?:" + "|".join(fnmatch.translate(one)[4:-3] for one in glob[i + 1:end].split(",")) + ")")
            i = end + 1
        elif glob[i] == "[" and "]" in glob[i:]:
            end = glob.index("]", i)
            parts.append("[" + glob[i + 1:end].replace("!", "^", 1) + "]")
            i = end + 1
        else:
            parts.append(re.escape(glob[i]))
            i += 1
    return re.compile("".join(parts) + "$")


def remove(session, file):
    local = local_path(session, file.uri)
    if local is not None:
        local.unlink(missing_ok=True)
        return
    import boto3
    bucket, key = BUCKET.match(file.uri).groups()
    boto3.client("s3").delete_object(Bucket=bucket, Key=key)
