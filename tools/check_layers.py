#!/usr/bin/env python3
"""Fails each #include that the module lines in src/CMakeLists.txt do not allow.

A module may include its own headers, those of the modules it USES (listed ones only, nothing follows
from them), and those of the foreign libraries it names behind FOREIGN or EXPOSES, or that a module it
USES exposes. Headers that pull a confined library (DuckDB's) in stay inside that library's home.
"""

import re
import sys
from dataclasses import dataclass, field
from pathlib import Path

# Header prefix -> CMake target.
FOREIGN_HEADERS = {
    "spdlog/": "spdlog::spdlog",
    "fmt/": "fmt::fmt",
    "nlohmann/": "nlohmann_json::nlohmann_json",
    "simdjson": "simdjson::simdjson",
    "roaring/": "roaring::roaring",
    "zlib.h": "ZLIB::ZLIB",
    "zstd": "zstd::libzstd_shared",
    "snappy": "Snappy::snappy",
    "sqlite3": "SQLite::SQLite3",
    "curl/": "CURL::libcurl",
    "CLI/": "CLI11::CLI11",
    "prometheus/": "prometheus-cpp::core",
    "re2/": "PkgConfig::re2",
    "librdkafka/": "PkgConfig::rdkafka",
    "rocksdb/": "PkgConfig::rocksdb",
    "readline/": "PkgConfig::readline",
    "httplib.h": "PkgConfig::cpp-httplib",
    "grpc": "PkgConfig::grpc++",
    "google/protobuf/": "SparkConnect::protos",
    "spark/connect/": "SparkConnect::protos",
    "arrow/": "ArrowLib::arrow",
    "parquet/": "DuckDB::duckdb",
    "parquet_": "DuckDB::duckdb",
    "duckdb": "DuckDB::duckdb",
    "json_": "DuckDB::duckdb",
}

# Libraries that only these modules may name, whatever their lines say.
HOMES = {
    "DuckDB::duckdb": {"engine"},
    "SQLite::SQLite3": {"catalog"},
    "PkgConfig::rocksdb": {"stream"},
    "PkgConfig::rdkafka": {"stream", "app"},
    "PkgConfig::readline": {"app"},
    "CLI11::CLI11": {"app"},
    "PkgConfig::cpp-httplib": {"server"},
    "prometheus-cpp::core": {"server"},
    "PkgConfig::grpc++": {"server"},
    "SparkConnect::protos": {"server"},
}

# Libraries whose headers may not even be reached through a header of their home.
CONFINED = {
    "DuckDB::duckdb",
    "PkgConfig::rocksdb",
    "SQLite::SQLite3",
    "PkgConfig::cpp-httplib",
    "PkgConfig::grpc++",
    "SparkConnect::protos",
}

INCLUDE = re.compile(r'^\s*#\s*include\s*(["<])([^">]+)[">]')
KEYWORDS = ("USES", "FOREIGN", "EXPOSES", "PCH")


@dataclass
class Module:
    name: str
    uses: set = field(default_factory=set)
    foreign: set = field(default_factory=set)
    exposes: set = field(default_factory=set)


def parse_modules(text):
    """The modules of src/CMakeLists.txt by name, and complaints about the lines themselves."""
    text = re.sub(r"#.*", "", text)
    modules, complaints = {}, []
    for body in re.findall(r"firn_module\(([^)]*)\)", text):
        words = body.split()
        module = Module(words[0])
        into = {"USES": module.uses, "FOREIGN": module.foreign, "EXPOSES": module.exposes}
        target = set()
        for word in words[1:]:
            if word in KEYWORDS:
                target = into.get(word, set())
            else:
                target.add(word)
        for used in sorted(module.uses - modules.keys()):
            complaints.append(f"src/CMakeLists.txt: {module.name} uses {used}, which is not above it")
        for library in sorted(module.foreign | module.exposes):
            if library in HOMES and module.name not in HOMES[library]:
                home = ", ".join(sorted(HOMES[library]))
                complaints.append(
                    f"src/CMakeLists.txt: {module.name} names {library}, whose home is {home}"
                )
        modules[module.name] = module
    return modules, complaints


def foreign_of(header):
    """The CMake target that a header belongs to, or None (ours, or the standard library's)."""
    for prefix, target in FOREIGN_HEADERS.items():
        if header.startswith(prefix):
            return target
    return None


def read_includes(source_root):
    """path relative to source_root -> [(line number, header)]"""
    found = {}
    for path in sorted(source_root.rglob("*")):
        if path.suffix not in (".h", ".cc"):
            continue
        rows = []
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            match = INCLUDE.match(line)
            if match:
                rows.append((number, match.group(2)))
        found[path.relative_to(source_root).as_posix()] = rows
    return found


def confined_reach(includes):
    """header of ours -> confined libraries that it pulls in, directly or through our headers"""
    reach = {}

    def visit(header, seen):
        if header in reach:
            return reach[header]
        if header in seen:
            return set()
        libraries = set()
        for _, included in includes.get(header, []):
            target = foreign_of(included)
            if target in CONFINED:
                libraries.add(target)
            elif included in includes:
                libraries |= visit(included, seen | {header})
        reach[header] = libraries
        return libraries

    for header in includes:
        visit(header, set())
    return reach


def check(modules, includes):
    complaints = []
    reach = confined_reach(includes)
    for path, rows in includes.items():
        name = path.split("/")[0]
        module = modules.get(name)
        if module is None:
            complaints.append(f"src/{path}: folder {name} has no firn_module line")
            continue
        seen = module.foreign | module.exposes
        for used in module.uses:
            if used in modules:
                seen |= modules[used].exposes
        for number, header in rows:
            where = f"src/{path}:{number}"
            owner = header.split("/")[0]
            if owner in modules and "/" in header and header in includes:
                if owner != name and owner not in module.uses:
                    complaints.append(f"{where}: {name} does not use {owner} ({header})")
                    continue
                for library in sorted(reach[header] - module.foreign - module.exposes):
                    complaints.append(f"{where}: {header} pulls in {library}, which {name} may not see")
                continue
            target = foreign_of(header)
            if target and target not in seen:
                complaints.append(f"{where}: {name} does not name {target} ({header})")
            elif target is None and "/" not in header and f"{name}/{header}" in includes:
                complaints.append(f"{where}: write {name}/{header}, relative to src")
    return complaints


def main(root):
    modules, complaints = parse_modules((root / "src/CMakeLists.txt").read_text(encoding="utf-8"))
    complaints += check(modules, read_includes(root / "src"))
    for complaint in complaints:
        print(complaint)
    if complaints:
        print(f"layers: {len(complaints)} not allowed (the module lines are in src/CMakeLists.txt)")
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).parent.parent)))
