"""getResolvedOptions, as a table."""

import pytest
from awsglue.utils import GlueArgumentError, getResolvedOptions

ARGV = ["s3/job_one.py", "--JOB_NAME", "daily", "--path", "s3://b/x", "--day=2026-01-01", "--note", "a b", "--flag"]


@pytest.mark.parametrize("options, want", [
    (["JOB_NAME"], {"JOB_NAME": "daily"}),
    (["path", "day"], {"path": "s3://b/x", "day": "2026-01-01"}),
    (["note"], {"note": "a b"}),
    (["TempDir"], {"TempDir": None}),
])
def test_values(options, want):
    found = getResolvedOptions(ARGV, options)
    assert {name: found[name] for name in want} == want
    assert found["job_bookmark_option"] == "job-bookmark-disable"
    assert found["JOB_ID"].startswith("j_") and found["JOB_RUN_ID"].startswith("jr_")


@pytest.mark.parametrize("options, error, words", [
    (["absent", "path", "gone"], GlueArgumentError, "--absent, --gone"),
    (["flag"], GlueArgumentError, "--flag: expected one argument"),
    (["pat"], GlueArgumentError, "--pat"),  # no abbreviations
    (["JOB_RUN_ID"], RuntimeError, "reserved"),
    (["job-bookmark-option"], RuntimeError, "reserved"),
])
def test_errors(options, error, words):
    with pytest.raises(error, match=words):
        getResolvedOptions(ARGV, options)


def test_the_services_own_arguments():
    found = getResolvedOptions(["j.py", "--TempDir", "s3://t/", "--job-bookmark-option", "job-bookmark-enable"], [])
    assert (found["TempDir"], found["RedshiftTempDir"]) == ("s3://t/", "s3://t/")
    assert found["job_bookmark_option"] == "job-bookmark-enable"
    with pytest.raises(GlueArgumentError, match="invalid choice"):
        getResolvedOptions(["j.py", "--job-bookmark-option", "on"], [])


def test_a_job_without_a_name_has_the_scripts():
    assert getResolvedOptions(["jobs/nightly.py"], ["JOB_NAME"])["JOB_NAME"] == "nightly"
