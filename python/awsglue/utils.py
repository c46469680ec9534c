"""Arguments of a job run: getResolvedOptions."""

import sys
import uuid
from pathlib import Path

BOOKMARK_OPTIONS = ("job-bookmark-enable", "job-bookmark-disable", "job-bookmark-pause")
# What Glue passes itself; a script may not ask for them.
RESERVED = ("job_bookmark_option", "job_bookmark_from", "job_bookmark_to", "continuation_option", "JOB_ID",
            "JOB_RUN_ID", "SECURITY_CONFIGURATION", "encryption_type", "enable_data_lineage")
# Given where they are passed, None else.
OPTIONAL = ("TempDir", "RedshiftTempDir")
_run_ids = {"JOB_ID": "j_" + uuid.uuid4().hex, "JOB_RUN_ID": "jr_" + uuid.uuid4().hex}


class GlueArgumentError(Exception):
    """An argument is missing or cannot be read."""


def _read(args):
    """--name value, --name=value → {name: value}; a later one wins. Anything else is the script's own business."""
    found, i = {}, 0
    while i < len(args):
        word = args[i]
        i += 1
        if not word.startswith("--") or word == "--":
            continue
        name, equals, value = word[2:].partition("=")
        if not equals:
            value = None
            if i < len(args) and not (args[i].startswith("--") and len(args[i]) > 2):
                value = args[i]
                i += 1
        found[name.replace("-", "_") if name.replace("-", "_") in RESERVED else name] = value
    return found


def getResolvedOptions(args, options):
    """The values of `options` in args (sys.argv), with what Glue adds: job_bookmark_option, JOB_ID, TempDir, …"""
    for option in options:
        if option.replace("-", "_") in RESERVED:
            raise RuntimeError(f"Using reserved arguments {option}")
    given = _read(list(args[1:]))
    bookmark = given.get("job_bookmark_option") or "job-bookmark-disable"
    if bookmark not in BOOKMARK_OPTIONS:
        raise GlueArgumentError(f"argument --job-bookmark-option: invalid choice: '{bookmark}' "
                                f"(choose from {', '.join(BOOKMARK_OPTIONS)})")
    result = {"job_bookmark_option": bookmark, "job_bookmark_from": given.get("job_bookmark_from"),
              "job_bookmark_to": given.get("job_bookmark_to"), **_run_ids}
    for name in ("JOB_ID", "JOB_RUN_ID", "SECURITY_CONFIGURATION", "encryption_type", "enable_data_lineage"):
        if given.get(name) is not None:
            result[name] = given[name]
    result["TempDir"] = given.get("TempDir")
    result["RedshiftTempDir"] = given.get("RedshiftTempDir") or given.get("TempDir")
    missing = []
    for option in options:
        if given.get(option) is not None:
            result[option] = given[option]
        elif option == "JOB_NAME":  # Glue always passes it: the script's name where it was not given
            result[option] = Path(args[0] or sys.argv[0]).stem
        elif option in OPTIONAL:
            continue
        elif option in given:
            raise GlueArgumentError(f"argument --{option}: expected one argument")
        else:
            missing.append("--" + option)
    if missing:
        raise GlueArgumentError(f"the following arguments are required: {', '.join(missing)}")
    return result
