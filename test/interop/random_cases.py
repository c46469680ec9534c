"""Sequences of changes to a table, drawn from seeds, and what is read after each."""

import random

STEPS = 24
NAMES = ["'ann'", "'bob'", "'zoë'", "''", "NULL", "'a longer name than most'", "'😀x'"]
TYPES = {
    "INT": lambda r: str(r.randint(-5, 40)),
    "BIGINT": lambda r: f"{r.randint(-5, 4000000000)}L",
    "STRING": lambda r: r.choice(NAMES),
    "DECIMAL(9, 2)": lambda r: f"CAST({r.randint(-500, 5000) / 100} AS DECIMAL(9, 2))",
    "DECIMAL(12, 2)": lambda r: f"CAST({r.randint(-500, 5000) / 100} AS DECIMAL(12, 2))",
    "DATE": lambda r: f"DATE '20{r.randint(10, 29)}-0{r.randint(1, 9)}-1{r.randint(0, 9)}'",
    "TIMESTAMP": lambda r: f"TIMESTAMP '2024-0{r.randint(1, 3)}-0{r.randint(1, 9)} 1{r.randint(0, 9)}:00:00'",
    "DOUBLE": lambda r: r.choice(["1.5D", "-2.25D", "0.0D", "CAST('NaN' AS DOUBLE)", "1e300D"]),
    "FLOAT": lambda r: r.choice(["CAST(1.5 AS FLOAT)", "CAST(-2.25 AS FLOAT)"]),
    "BOOLEAN": lambda r: r.choice(["true", "false"]),
    "STRUCT<x: INT, y: STRING>": lambda r: f"named_struct('x', {r.randint(0, 9)}, 'y', {r.choice(NAMES)})",
    "ARRAY<INT>": lambda r: f"array({r.randint(0, 9)}, {r.randint(0, 9)})",
}
WIDER = {"INT": "BIGINT", "FLOAT": "DOUBLE", "DECIMAL(9, 2)": "DECIMAL(12, 2)"}
TRANSFORMS = {
    "INT": ["bucket(3, {c})", "truncate(10, {c})", "{c}"], "BIGINT": ["bucket(2, {c})", "truncate(100, {c})"],
    "STRING": ["{c}", "truncate(2, {c})", "bucket(4, {c})"], "DATE": ["months({c})", "years({c})", "{c}"],
    "TIMESTAMP": ["days({c})", "hours({c})", "months({c})"], "DECIMAL(9, 2)": ["truncate(50, {c})"],
    "DECIMAL(12, 2)": ["bucket(3, {c})"], "BOOLEAN": ["{c}"],
}


class Table:
    """One sequence. `columns`: name → type; `id` stays what it is."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.columns = {"id": "INT", "name": "STRING", "n": "DECIMAL(9, 2)", "at": "TIMESTAMP", "v": "INT"}
        self.fields = []
        self.used = set(self.columns)
        self.next_id = 1
        self.tags = 0
        self.lines = []

    def value(self, column):
        if column != "id" and self.random.random() < 0.15:
            return "NULL"
        return TYPES[self.columns[column]](self.random)

    def row(self, key):
        return "(" + ", ".join(str(key) if c == "id" else self.value(c) for c in self.columns) + ")"

    def new_ids(self, count):
        self.next_id += count
        return range(self.next_id - count, self.next_id)

    def some_ids(self):
        return ", ".join(str(self.random.randrange(1, self.next_id + 2)) for _ in range(self.random.randint(1, 4)))

    def condition(self):
        r = self.random
        column = r.choice([c for c in self.columns if not self.columns[c].startswith(("STRUCT", "ARRAY"))])
        return r.choice([
            f"id IN ({self.some_ids()})", f"id % {r.randint(2, 5)} = {r.randint(0, 1)}", f"{column} IS NULL",
            f"{column} IS NOT NULL AND id < {r.randint(1, self.next_id)}",
            f"{column} <= {self.value(column)} AND id > {r.randint(0, self.next_id)}", f"id BETWEEN {r.randint(0, 9)} AND {self.next_id // 2}"])

    # ---- changes
    def insert(self):
        rows = ", ".join(self.row(key) for key in self.new_ids(self.random.randint(1, 6)))
        return f"INSERT INTO t VALUES {rows}"

    def insert_some(self):
        chosen = ["id"] + self.random.sample([c for c in self.columns if c != "id"], 2)
        rows = ", ".join("(" + ", ".join(str(key) if c == "id" else self.value(c) for c in chosen) + ")"
                         for key in self.new_ids(2))
        return f"INSERT INTO t ({', '.join(chosen)}) VALUES {rows}"

    def delete(self):
        return f"DELETE FROM t WHERE {self.condition()}"

    def update(self):
        column = self.random.choice([c for c in self.columns if c != "id"])
        return f"UPDATE t SET {column} = {self.value(column)} WHERE {self.condition()}"

    def merge(self):
        keys = sorted({self.random.randrange(1, self.next_id + 3) for _ in range(5)})
        self.next_id = max(self.next_id, keys[-1] + 1)
        source = ", ".join(self.row(key) for key in keys)
        casts = ", ".join(f"CAST({c} AS {kind}) AS {c}" for c, kind in self.columns.items())
        matched = self.random.choice(["UPDATE SET *", "DELETE", "UPDATE SET v = s.v"])
        gone = self.random.choice(["", f" WHEN NOT MATCHED BY SOURCE AND t.id < {keys[0]} THEN DELETE"])
        return (f"MERGE INTO t USING (SELECT {casts} FROM VALUES {source} AS q({', '.join(self.columns)})) s ON t.id = s.id "
                f"WHEN MATCHED AND s.id % 2 = 0 THEN {matched} WHEN NOT MATCHED THEN INSERT *{gone}")

    def add_column(self):
        name = f"c{len(self.used)}"
        self.used.add(name)
        kind = self.random.choice(list(TYPES))
        after = self.random.choice(["", " FIRST", f" AFTER {self.random.choice(list(self.columns))}"])
        self.columns = self.placed(name, kind, after)
        return f"ALTER TABLE t ADD COLUMN {name} {kind}{after}"

    def placed(self, name, kind, after):
        items = list(self.columns.items())
        at = 0 if after == " FIRST" else len(items)
        if after.startswith(" AFTER"):
            at = list(self.columns).index(after.split()[1]) + 1
        return dict(items[:at] + [(name, kind)] + items[at:])

    def free(self):
        busy = {f.split("(")[-1].split(",")[-1].strip(" )") for f in self.fields}
        return [c for c in self.columns if c not in busy | {"id", "v"}]

    def drop_column(self):
        if len(self.free()) < 3:
            return self.insert()
        name = self.random.choice(self.free())
        if name in self.ever:
            return self.insert()
        del self.columns[name]
        return f"ALTER TABLE t DROP COLUMN {name}"

    def rename_column(self):
        name, to = self.random.choice(self.free() or ["name"]), f"r{len(self.used)}"
        if name in self.ever or name not in self.free():
            return self.delete()
        self.used.add(to)
        self.columns = {to if c == name else c: kind for c, kind in self.columns.items()}
        return f"ALTER TABLE t RENAME COLUMN {name} TO {to}"

    def widen(self):
        able = [c for c in self.free() if self.columns[c] in WIDER]
        if not able:
            return self.update()
        name = self.random.choice(able)
        self.columns[name] = WIDER[self.columns[name]]
        return f"ALTER TABLE t ALTER COLUMN {name} TYPE {self.columns[name]}"

    ever = frozenset()

    def partition(self):
        able = [c for c in self.free() if self.columns[c] in TRANSFORMS]
        if self.fields and (not able or self.random.random() < 0.5):
            return f"ALTER TABLE t DROP PARTITION FIELD {self.fields.pop(self.random.randrange(len(self.fields)))}"
        if not able:
            return self.insert()
        column = self.random.choice(able)
        field = self.random.choice(TRANSFORMS[self.columns[column]]).format(c=column)
        self.fields.append(field)
        self.ever = self.ever | {column}  # its column stays: dropping it after its field is another story
        return f"ALTER TABLE t ADD PARTITION FIELD {field}"

    def mode(self):
        mode = self.random.choice(["merge-on-read", "copy-on-write"])
        return ("ALTER TABLE t SET TBLPROPERTIES (" +
                ", ".join(f"'write.{c}.mode' = '{mode}'" for c in ("delete", "update", "merge")) + ")")

    def tag(self):
        self.tags += 1
        return f"ALTER TABLE t CREATE OR REPLACE TAG g{self.tags}"

    def order(self):
        return self.random.choice(["ALTER TABLE t WRITE ORDERED BY id DESC", "ALTER TABLE t WRITE UNORDERED"])

    def maintain(self):
        return "~ " + self.random.choice([
            "CALL firn.system.rewrite_data_files(table => 'space.t', options => map('rewrite-all', 'true'))",
            "CALL firn.system.rewrite_data_files(table => 'space.t', options => map('min-input-files', '2'))",
            "CALL firn.system.rewrite_manifests('space.t')"])

    def overwrite(self):
        return "INSERT OVERWRITE t SELECT * FROM t WHERE " + self.condition()

    def make(self):
        changes = [(self.insert, 6), (self.insert_some, 2), (self.delete, 3), (self.update, 4), (self.merge, 4),
                   (self.add_column, 2), (self.drop_column, 1), (self.rename_column, 2), (self.widen, 2),
                   (self.partition, 4), (self.mode, 2), (self.tag, 1), (self.order, 1), (self.maintain, 2),
                   (self.overwrite, 1)]
        self.lines.append("CREATE TABLE t (" + ", ".join(f"{c} {k}" for c, k in self.columns.items()) + ") USING iceberg")
        self.lines.append(self.insert())
        for step in range(STEPS):
            change = self.random.choices([c for c, _ in changes], [w for _, w in changes])[0]
            self.lines.append(change())
            self.lines.append("SELECT * FROM t ORDER BY id, v, to_json(struct(*))")
            if step % 6 == 5:
                self.look()
        self.look()
        for tag in range(1, self.tags + 1):
            self.lines.append(f"SELECT * FROM t VERSION AS OF 'g{tag}' ORDER BY id, v, to_json(struct(*))")
        return self.lines

    def look(self):
        for field in self.columns:
            if not self.columns[field].startswith(("STRUCT", "ARRAY")):
                self.lines.append(f"SELECT count(*) FROM t WHERE {field} <= {TYPES[self.columns[field]](self.random)}")
        self.lines += ["DESCRIBE t", "SHOW CREATE TABLE t"]
