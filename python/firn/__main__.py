"""`python -m firn …` and the wheel's `firn` command: the native program, told which Python it came from."""

import os
import sys


def main():
    from firn.server import find_binary
    binary = find_binary()
    os.environ.setdefault("FIRN_PYTHON", sys.executable)
    os.execv(binary, [binary, *sys.argv[1:]])


if __name__ == "__main__":
    main()
