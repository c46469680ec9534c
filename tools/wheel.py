#!/usr/bin/env python3
"""Makes the wheel: the program, the libraries that it needs, the packages firn, awsglue, awsgluedq, awsglueml.

`./dev wheel` calls it after a build. The program and its libraries find each other by their place (firn/bin, firn/lib),
so the wheel needs of the machine only glibc, libstdc++ and what the loader itself brings.
"""

import argparse
import base64
import hashlib
import os
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# Of every Linux: what a wheel may expect of the machine.
OF_THE_SYSTEM = re.compile(r"^(ld-linux.*|lib(c|m|dl|rt|pthread|resolv|util|stdc\+\+|gcc_s))\.so")
DT_NEEDED, DT_STRTAB, DT_RPATH, DT_RUNPATH = 1, 5, 15, 29
PT_LOAD, PT_DYNAMIC = 1, 2

METADATA = """Metadata-Version: 2.1
Name: firn
Version: {version}
Summary: Spark SQL, PySpark and Glue jobs, streaming and batch, over Apache Iceberg tables, in one native process
License: Apache-2.0
Requires-Python: >=3.9
Requires-Dist: pyspark-client>=4.0,<4.3
Requires-Dist: pandas>=2,<3
Requires-Dist: pyarrow>=15
"""
WHEEL = "Wheel-Version: 1.0\nGenerator: firn\nRoot-Is-Purelib: false\nTag: {tag}\n"
ENTRY_POINTS = """[console_scripts]
firn = firn.__main__:main

[pytest11]
firn = firn.pytest_plugin
"""


def version_of(binary):
    return subprocess.run([binary, "--version"], capture_output=True, text=True, check=True).stdout.split()[1]


def libraries_of(binary):
    """{soname: path} of all that the loader finds for the program, without the system's own."""
    found = {}
    listing = subprocess.run(["ldd", str(binary)], capture_output=True, text=True, check=True).stdout
    for line in listing.splitlines():
        match = re.match(r"\s*(\S+) => (\S+|not found)", line)
        if not match or OF_THE_SYSTEM.match(match.group(1)):
            continue
        if not match.group(2).startswith("/"):
            sys.exit(f"wheel: {match.group(1)} was not found; build on a machine where the program runs")
        found[match.group(1)] = Path(match.group(2))
    return found


def set_search_path(path, wanted):
    """Makes the program look for libraries, and for theirs, below its own place alone (DT_RPATH).

    The path in the file is overwritten: the new one is shorter than that of any build folder.
    """
    data = bytearray(path.read_bytes())
    assert data[:4] == b"\x7fELF" and data[4] == 2 and data[5] == 1, "a 64-bit little-endian ELF file is expected"
    header_at, = struct.unpack_from("<Q", data, 32)
    size, count = struct.unpack_from("<HH", data, 54)
    headers = [struct.unpack_from("<IIQQQQQQ", data, header_at + i * size) for i in range(count)]

    def offset_of(address):
        for kind, _, offset, start, _, length, _, _ in headers:
            if kind == PT_LOAD and start <= address < start + length:
                return offset + address - start
        raise ValueError("an address outside of the file")
    _, _, offset, _, _, length, _, _ = next(one for one in headers if one[0] == PT_DYNAMIC)
    entries = [(at, *struct.unpack_from("<qQ", data, at)) for at in range(offset, offset + length, 16)]
    strings = offset_of(next(value for _, tag, value in entries if tag == DT_STRTAB))
    for at, tag, value in entries:
        if tag not in (DT_RPATH, DT_RUNPATH):
            continue
        place = strings + value
        end = data.index(b"\0", place)
        if len(wanted) > end - place:
            sys.exit(f"wheel: the search path {data[place:end].decode()} in {path.name} leaves no room for {wanted}")
        data[place:end] = wanted.encode().ljust(end - place, b"\0")
        struct.pack_into("<q", data, at, DT_RPATH)
        path.write_bytes(data)
        return
    sys.exit(f"wheel: {path.name} has no search path to overwrite")


def platform_tag():
    libc = os.confstr("CS_GNU_LIBC_VERSION").split()[1].replace(".", "_")
    return f"manylinux_{libc}_{os.uname().machine}"


def fill(folder, binary):
    """Everything that the wheel holds, as files."""
    for package in ("firn", "awsglue", "awsgluedq", "awsglueml"):
        shutil.copytree(ROOT / "python" / package, folder / package,
                        ignore=shutil.ignore_patterns("__pycache__", "*.pyc"))
    (folder / "firn/bin").mkdir()
    program = folder / "firn/bin/firn"
    shutil.copy2(binary, program)
    subprocess.run(["strip", "--strip-unneeded", str(program)], check=True)
    set_search_path(program, "$ORIGIN/../lib")
    (folder / "firn/lib").mkdir()
    for name, path in libraries_of(binary).items():
        shutil.copy2(path.resolve(), folder / "firn/lib" / name)
        (folder / "firn/lib" / name).chmod(0o755)


def digest(data):
    return "sha256=" + base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()


def write(folder, target, version, level):
    tag = f"py3-none-{platform_tag()}"
    info = f"firn-{version}.dist-info"
    texts = {f"{info}/METADATA": METADATA.format(version=version), f"{info}/WHEEL": WHEEL.format(tag=tag),
             f"{info}/entry_points.txt": ENTRY_POINTS}
    target.mkdir(parents=True, exist_ok=True)
    path = target / f"firn-{version}-{tag}.whl"
    path.unlink(missing_ok=True)
    record = []
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=level) as wheel:
        def add(name, data, mode=0o644):
            entry = zipfile.ZipInfo(name)
            entry.external_attr = (0o100000 | mode) << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            wheel.writestr(entry, data)
            record.append(f"{name},{digest(data)},{len(data)}")
        for file in sorted(folder.rglob("*")):
            if file.is_file():
                add(file.relative_to(folder).as_posix(), file.read_bytes(), file.stat().st_mode & 0o777)
        for name, text in texts.items():
            add(name, text.encode())
        record.append(f"{info}/RECORD,,")
        entry = zipfile.ZipInfo(f"{info}/RECORD")
        entry.external_attr = 0o100644 << 16
        wheel.writestr(entry, "\n".join(record) + "\n")
    return path


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--binary", type=Path, default=ROOT / "build/release/firn")
    parser.add_argument("--target", type=Path, default=ROOT / "build/wheel")
    parser.add_argument("--level", type=int, default=6, help="of compression, 0 to 9")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        fill(folder, options.binary)
        path = write(folder, options.target, version_of(options.binary), options.level)
    print(f"{path} ({path.stat().st_size / 1e6:.0f} MB)")


if __name__ == "__main__":
    main()
