#!/usr/bin/env bash
# Puts the libraries that Debian does not package into .deps, each pinned and checked by its hash:
#   .deps/duckdb  headers from the PyPI source package, the library from npm (one exact version of both)
#   .deps/arrow   headers and libraries from the pyarrow wheel
#   .deps/spark-connect  descriptors of Spark Connect's messages, from the PyPI package pyspark-client
# Does nothing where they already stand. Needs python3 with pip, and npm.
set -euo pipefail
cd "$(dirname "$0")/../.."

DUCKDB=1.5.5
DUCKDB_NPM=1.5.5-r.5
ARROW=26.0.1
SPARK_CLIENT=4.1.3
SPARK_CLIENT_SHA=ff687ddd8176f3f96e5f53eb4184d6b5052af38d6bebf313c860e5062962351b
DUCKDB_HEADERS_SHA=72f33ee57ca7595b23957671a2cc7f7fe2be0ecc2d68f63abedcfcaa3a5c1238
case $(uname -m) in
  x86_64)
    NPM_ARCH=x64
    DUCKDB_LIBRARY_SHA=86d2bda909785550e8a14a57a8a4584827aff0e268d8f1a58c3fd48559f7020e
    ARROW_SHA=39cb0f2418282c24bea6ceda77b03e5a8f0a5766b63a8bf194d4e2a2c423548c
    ;;
  aarch64)
    NPM_ARCH=arm64
    DUCKDB_LIBRARY_SHA=3b85f3ea438f7dc3691d7b5e6e4222ffe9127fd17885f96ca72e0c99925c348e
    ARROW_SHA=22a96a225de107eb9acd1ad9a818198ca832df2a4c0952412f754a7ed2105a98
    ;;
  *)
    echo "firn: no pinned DuckDB and Arrow for $(uname -m); give CMake DuckDB_ROOT and ArrowLib_ROOT" >&2
    exit 1
    ;;
esac
DUCKDB_STAMP="$DUCKDB-$NPM_ARCH-$DUCKDB_NPM"
ARROW_STAMP="$ARROW-$(uname -m)"
SPARK_STAMP="$SPARK_CLIENT-1"

if [ "${1:-}" = --check ]; then   # answers by its exit code whether anything is to be fetched
  [ "$(cat .deps/duckdb/.stamp 2>/dev/null)" = "$DUCKDB_STAMP" ] &&
    [ "$(cat .deps/arrow/.stamp 2>/dev/null)" = "$ARROW_STAMP" ] &&
    [ "$(cat .deps/spark-connect/.stamp 2>/dev/null)" = "$SPARK_STAMP" ]
  exit
fi

check() {   # check SHA256 FILE
  echo "$1  $2" | sha256sum -c --quiet - || { echo "firn: $2 is not the file that was pinned" >&2; exit 1; }
}

fetch_duckdb() {
  echo "firn: fetching DuckDB $DUCKDB"
  local root=duckdb-$DUCKDB/external/duckdb
  python3 -m pip download -q --disable-pip-version-check --no-deps --no-binary duckdb -d "$work" "duckdb==$DUCKDB"
  check "$DUCKDB_HEADERS_SHA" "$work/duckdb-$DUCKDB.tar.gz"
  mkdir -p "$work/duckdb/lib"
  # .cpp files are left out; .tcc files are headers.
  tar xzf "$work/duckdb-$DUCKDB.tar.gz" -C "$work/duckdb" --strip-components=3 \
    --exclude '*.c' --exclude '*.cc' --exclude '*.cpp' \
    "$root/src/include" "$root/extension/parquet/include" "$root/extension/json/include" \
    "$root/third_party/parquet" "$root/third_party/thrift" "$root/third_party/fastpforlib"
  (cd "$work" && npm pack --silent "@duckdb/node-bindings-linux-$NPM_ARCH@$DUCKDB_NPM" >/dev/null)
  local archive="$work/duckdb-node-bindings-linux-$NPM_ARCH-$DUCKDB_NPM.tgz"
  check "$DUCKDB_LIBRARY_SHA" "$archive"
  tar xzf "$archive" -C "$work/duckdb/lib" --strip-components=1 package/libduckdb.so package/LICENSE
  install_into duckdb "$DUCKDB_STAMP"
}

fetch_arrow() {
  echo "firn: fetching Arrow $ARROW"
  python3 -m pip download -q --disable-pip-version-check --no-deps --only-binary :all: --python-version 3.11 \
    --platform "manylinux_2_28_$(uname -m)" -d "$work" "pyarrow==$ARROW"
  local wheel="$work/pyarrow-$ARROW-cp311-cp311-manylinux_2_28_$(uname -m).whl"
  check "$ARROW_SHA" "$wheel"
  python3 - "$wheel" "$work/arrow" <<'PYTHON'
import re, sys, zipfile
from pathlib import Path

wheel, into = sys.argv[1], Path(sys.argv[2])
wanted = [
    (re.compile(r"pyarrow/(include/arrow/.*)"), None),
    (re.compile(r"pyarrow/(libarrow(?:_s3)?\.so\.\d+)"), "lib"),
    (re.compile(r"pyarrow-[^/]*/licenses/([^/]+)"), "."),
]
with zipfile.ZipFile(wheel) as archive:
    for name in archive.namelist():
        for pattern, folder in wanted:
            match = pattern.fullmatch(name)
            if match and not name.endswith("/"):
                path = into / (folder or "") / match.group(1)
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(archive.read(name))
PYTHON
  install_into arrow "$ARROW_STAMP"
}

fetch_spark_protocol() {
  echo "firn: fetching the protocol of Spark Connect $SPARK_CLIENT"
  python3 -m pip download -q --disable-pip-version-check --no-deps --no-binary pyspark-client -d "$work" \
    "pyspark-client==$SPARK_CLIENT"
  local archive="$work/pyspark_client-$SPARK_CLIENT.tar.gz"
  check "$SPARK_CLIENT_SHA" "$archive"
  mkdir -p "$work/spark-connect"
  python3 tools/setup/spark_protocol.py "$archive" "$work/spark-connect/spark_connect.desc"
  tar xzf "$archive" -C "$work/spark-connect" --strip-components=1 "pyspark_client-$SPARK_CLIENT/LICENSE"
  install_into spark-connect "$SPARK_STAMP"
}

install_into() {   # install_into NAME STAMP: the folder appears whole or not at all
  echo "$2" >"$work/$1/.stamp"
  rm -rf ".deps/$1"
  mv "$work/$1" ".deps/$1"
}

mkdir -p .deps
work=$(mktemp -d .deps/fetch.XXXXXX)
work=$(cd "$work" && pwd)
trap 'rm -rf "$work"' EXIT
[ "$(cat .deps/duckdb/.stamp 2>/dev/null)" = "$DUCKDB_STAMP" ] || fetch_duckdb
[ "$(cat .deps/arrow/.stamp 2>/dev/null)" = "$ARROW_STAMP" ] || fetch_arrow
[ "$(cat .deps/spark-connect/.stamp 2>/dev/null)" = "$SPARK_STAMP" ] || fetch_spark_protocol
