"""Bookmarks: what a run sees depends on what the last committed run had seen."""

import pytest
from firn.glue import bookmarks
from firn.glue.listing import File, excluded

HOUR = 3_600_000


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("FIRN_BOOKMARKS", str(tmp_path))


def seen(option, files, commit=True, context="ctx"):
    marks = bookmarks.Bookmarks("a/job", option)
    new = marks.new_files(context, files)
    if commit:
        marks.commit()
    return [file.uri for file in new]


def file(name, hour):
    return File(f"s3://b/{name}", int(hour * HOUR), 1)


def test_new_files_alone_and_only_after_a_commit():
    first, second = [file("a", 1)], [file("a", 1), file("b", 2)]
    assert seen(bookmarks.ENABLE, first, commit=False) == ["s3://b/a"]
    assert seen(bookmarks.ENABLE, first) == ["s3://b/a"]
    assert seen(bookmarks.ENABLE, second) == ["s3://b/b"]
    assert seen(bookmarks.ENABLE, second) == []


def test_a_file_that_the_listing_showed_late():
    assert seen(bookmarks.ENABLE, [file("a", 1)]) == ["s3://b/a"]
    assert seen(bookmarks.ENABLE, [file("a", 1), file("late", 0.9)]) == ["s3://b/late"]
    assert seen(bookmarks.ENABLE, [file("a", 1), file("old", 0.5)]) == []


def test_a_file_that_was_written_anew():
    assert seen(bookmarks.ENABLE, [file("a", 1)]) == ["s3://b/a"]
    assert seen(bookmarks.ENABLE, [file("a", 2)]) == ["s3://b/a"]


def test_pause_reads_on_without_moving():
    seen(bookmarks.ENABLE, [file("a", 1)])
    both = [file("a", 1), file("b", 2)]
    assert seen(bookmarks.PAUSE, both) == ["s3://b/b"]
    assert seen(bookmarks.ENABLE, both) == ["s3://b/b"]


def test_disable_reads_all_and_keeps_the_state():
    seen(bookmarks.ENABLE, [file("a", 1)])
    assert seen(bookmarks.DISABLE, [file("a", 1)]) == ["s3://b/a"]
    assert seen(bookmarks.ENABLE, [file("a", 1)]) == []


def test_contexts_are_apart_and_no_context_has_none():
    assert seen(bookmarks.ENABLE, [file("a", 1)], context="x") == ["s3://b/a"]
    assert seen(bookmarks.ENABLE, [file("a", 1)], context="y") == ["s3://b/a"]
    assert seen(bookmarks.ENABLE, [file("a", 1)], context="") == ["s3://b/a"]


@pytest.mark.parametrize("glob, left", [
    ('["**.tmp"]', ["a.csv", "x/b.csv"]),
    ('["*.csv"]', ["x/b.csv", "x/c.tmp"]),
    ('["x/**"]', ["a.csv"]),
    ('["**/{b,c}.*"]', ["a.csv"]),
    ('["[!a].csv"]', ["a.csv", "x/b.csv", "x/c.tmp"]),
])
def test_exclusions(glob, left):
    files = [File(f"s3://b/in/{name}", 0, 1) for name in ("a.csv", "x/b.csv", "x/c.tmp")]
    assert [one.uri.removeprefix("s3://b/in/") for one in excluded(files, glob, ["s3://b/in/"])] == left
