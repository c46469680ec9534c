"""Runs rows on firn: one process for all of them, a new one only where a row ends it."""

import json
import os
import queue
import subprocess
import threading

ANSWER_TIMEOUT_S = 60 * int(os.environ.get("FIRN_TEST_SLOWER", "1"))
ESCAPES = str.maketrans({"\n": "\\n", "\r": "\\r", "\t": "\\t", "\f": "\\f", "\b": "\\b", "\v": "\\v", "\a": "\\a"})


def statements_of(files):
    """[(file, row or None, SQL)]: what is executed, in order; a row's answer is that of its own statement."""
    found = []
    for file in files:
        for row in file.rows:
            found += [(file, None, f"SET {key}={value}") for key, value in row.settings]
            found.append((file, row if row.kind != "setup" else None, row.sql))
            found += [(file, None, f"RESET {key}") for key, _ in row.settings]
    return found


def reopening(files, at_file):
    """What a new process needs before it goes on within a file: the file's temporary views."""
    return [(at_file, None, row.sql) for row in at_file.rows if row.kind == "setup"]


def run_lines(binary, warehouse, statements):
    """Yields firn's answer to each statement; ends early with {"crash": …} where the process ends or hangs."""
    command = [str(binary), "sql", "--warehouse", str(warehouse), "--format", "typed-json", "--keep-going"]
    command += ["--conf", "spark.sql.session.timeZone=UTC"]
    for _, _, sql in statements:
        command += ["-e", sql]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    lines = queue.SimpleQueue()

    def read():
        for line in process.stdout:
            lines.put(line)
        lines.put(None)

    threading.Thread(target=read, daemon=True).start()
    drain = threading.Thread(target=lambda: messages.append(process.stderr.read()), daemon=True)
    messages = []
    drain.start()
    try:
        for _ in statements:
            try:
                line = lines.get(timeout=ANSWER_TIMEOUT_S)
            except queue.Empty:
                yield {"crash": f"no answer for {ANSWER_TIMEOUT_S} s"}
                return
            if line is None:
                drain.join(5)
                yield {"crash": f"exit code {process.wait()}: {''.join(messages)[-2000:]}"}
                return
            yield json.loads(line)
    finally:
        process.kill()
        process.wait()


def normal(answer):
    """An answer in the form of the golden files."""
    if "columns" in answer:
        columns = [[column["name"], column["type"], column["nullable"]] for column in answer["columns"]]
        rows = [[cell and cell.translate(ESCAPES) for cell in row] for row in answer["rows"]]
        return {"columns": columns, "rows": rows}
    if "condition" in answer:
        return {"error": answer["condition"], "sqlstate": answer["sqlstate"], "message": answer["message"]}
    return answer


def answers(binary, warehouse, files):
    """(file, conf, sql) → answer, for every row of the files."""
    found = {}
    rest = statements_of(files)
    while rest:
        reached = 0
        for (file, row, sql), answer in zip(rest, run_lines(binary, warehouse, rest)):
            reached += 1
            if row is not None:
                found[(file.path.stem, *row.key)] = normal(answer)
            elif "columns" not in answer:
                raise AssertionError(f"{file.path.name}: firn fails in setup: {sql}\n{answer}")
            if "crash" in answer:
                break
        crashed_in = rest[reached - 1][0]
        rest = rest[reached:]
        if rest and rest[0][0] is crashed_in:
            rest = reopening(files, crashed_in) + rest
    return found
