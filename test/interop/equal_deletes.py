"""Deletes in the tables of equal_rows.py: by firn and by Spark, of rows and whole files."""

from equal_reads import spark_confuses
from file_checks import check_file
from random_filters import random_condition
from snapshot_checks import check_snapshot


class Deletes:
    """The part of a batch that deletes."""

    def delete(self):
        work, kept, before = [], {}, {}
        for case in self.alive(lambda case: case.deletes):
            drawn = random_condition(case.rng, case.rows, case.schema)
            if drawn is None:
                continue
            statement = f"DELETE FROM {case.name} WHERE {drawn[0]}"
            by_spark = (case.deleter == "spark" and self.spark is not None and not spark_confuses(case, drawn[0]) and
                        not case.structs_of_partitions())
            case.history.append(f"{statement} -- by {'spark' if by_spark else 'firn'}")
            rows = [row for row in case.rows if not drawn[1](row)]
            if by_spark:
                with self.of(case, "Spark deletes"):
                    self.spark.sql(statement)
                    case.rows = rows
                    case.refresh()
                    self.done["deletes by Spark"] += 1
            else:
                work.append((case, statement))
                kept[case], before[case] = rows, (set(case.files()), case.table.current_snapshot())
        self.firn_does(work)
        for case, rows in kept.items():
            if case.failures:
                continue
            with self.of(case, "manifests of what firn deleted"):
                case.rows = rows
                case.refresh()
                if case.table.current_snapshot() != before[case][1]:
                    check_snapshot(case.table, "")
                for path, file in case.files().items():
                    if path not in before[case][0]:
                        check_file(case.table, file, "")
                self.done["deletes"] += 1
