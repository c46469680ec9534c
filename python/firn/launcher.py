"""Runs a script as spark-submit would: `python firn/launcher.py script.py arguments…`, started by `firn run`.

The script is __main__, its folder is first on sys.path, sys.argv is its own; a traceback shows the script's frames
and none of this file. What to connect to and what to set up comes in the environment (FIRN_RUN_*, SPARK_REMOTE).
"""

import json
import os
import sys
import traceback
import types


def _settings():
    return json.loads(os.environ.get("FIRN_RUN_SETTINGS") or "{}")


def _add_python_files(paths):
    """--py-files: modules, folders and archives, as spark-submit takes them."""
    for path in paths:
        path = os.path.abspath(path)
        sys.path.insert(1, os.path.dirname(path) if path.endswith(".py") else path)


def _print_failure(kind, error, trace):
    """The traceback from the script's own frame on."""
    while trace is not None and trace.tb_frame.f_code.co_filename == __file__:
        trace = trace.tb_next
    traceback.print_exception(kind, error, trace)


def _stop_session():
    """Streams of a script that ends are stopped and the session is let go."""
    module = sys.modules.get("pyspark.sql.connect.session")
    session = module and module.SparkSession.getActiveSession()
    if session is not None:
        try:
            session.stop()
        except Exception:  # the server may be gone already; the script's own outcome counts
            pass


def _run_as_main(script):
    module = types.ModuleType("__main__")
    module.__file__ = os.path.abspath(script)  # as Python has it; tracebacks name the script as it was given
    module.__builtins__ = __builtins__
    sys.modules["__main__"] = module
    with open(script, "rb") as file:
        source = file.read()
    exec(compile(source, script, "exec"), module.__dict__)


def run(script, arguments):
    """The script's exit code."""
    settings = _settings()
    sys.argv = [script, *arguments]
    sys.path[0] = os.path.dirname(os.path.abspath(script))  # was this file's folder
    _add_python_files(settings.get("py_files", ()))
    from firn import cloud, spark
    spark.install(settings)
    if not settings.get("aws"):
        cloud.install()
    try:
        _run_as_main(script)
    except SystemExit as exit:
        if exit.code is None or isinstance(exit.code, int):
            return exit.code or 0
        print(exit.code, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    except BaseException:
        sys.stdout.flush()
        _print_failure(*sys.exc_info())
        return 1
    finally:
        _stop_session()
    return 0


def main():
    if len(sys.argv) < 2:
        print("usage: launcher.py SCRIPT [ARGUMENT…]", file=sys.stderr)
        return 2
    return run(sys.argv[1], sys.argv[2:])


if __name__ == "__main__":
    sys.exit(main())
