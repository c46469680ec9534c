"""The garbage collector runs between tests, not within them.

PySpark's client closes a lost session where the collector finds it, even while a lock is held that closing needs: then it
waits for itself for ever. Suites whose own process is such a client take `collect_between_tests` into their conftest.
"""

import gc
import itertools

import pytest

gc.disable()
ended = itertools.count(1)


@pytest.fixture(autouse=True)
def collect_between_tests():
    yield
    gc.collect(1 if next(ended) % 50 else 2)  # all generations take a third of a second where many modules are loaded
