"""What is written as text: a query, a format, options; the text that Spark leaves stands in written.json (update.py asks it)."""

from dataclasses import dataclass, field


@dataclass
class Write:
    name: str
    format: str
    query: str
    options: dict = field(default_factory=dict)

    @property
    def key(self):
        return f"{self.format}/{self.name}"

    def statement(self, folder):
        given = ", ".join(f"'{key}' = '{value}'" for key, value in self.options.items())
        return f"INSERT OVERWRITE DIRECTORY '{folder}' USING {self.format}" + (f" OPTIONS ({given})" if given else "") + f" {self.query}"


TEXTS = r"""SELECT * FROM VALUES ('a', 'b,c', 'd"e'), ('', NULL, ' f '), ('"g"', 'h\\i', '\\'), ('#x', '#y', 'l\nm'), ('a,"b"\\c', 'q\r', "'"), ('"', '""', '\\"') t(x, y, z)"""
TYPES = """SELECT 1Y a, 2S b, 3 c, 4L d, 1.5F e, 2.5D f, 1.250BD g, true h, 'x' i, DATE'2024-01-02' j, TIMESTAMP'2024-01-02 03:04:05' k,
 TIMESTAMP'2024-01-02 03:04:05.678' l, TIMESTAMP_NTZ'2024-01-02 03:04:05.678901' m, CAST('NaN' AS DOUBLE) n, CAST('Infinity' AS FLOAT) o, 1e20D p, 1e-5D q,
 INTERVAL '1-2' YEAR TO MONTH r, INTERVAL '3 04:05:06' DAY TO SECOND s, DATE'0001-01-01' t, CAST(1234567890123456789012345678.5 AS DECIMAL(38,10)) u, 0.0000001BD v"""
NESTED = """SELECT named_struct('x', 1, 'y', CAST(NULL AS INT), 'z', array(1, NULL)) a, map('k', 1, 'l', NULL) b, array(named_struct('q', 'r')) c,
 CAST(NULL AS STRING) d, X'00ff41' e, 'é"\\n\\t/' f, array() g, map(1, 'x') h, CAST('NaN' AS DOUBLE) i, CAST('-Infinity' AS DOUBLE) j"""


def csv(name, query, **options):
    return Write(name, "csv", query, options)


def json(name, query, **options):
    return Write(name, "json", query, options)


CASES = [
    csv("texts", TEXTS),
    csv("texts with header", "SELECT 1 AS `a,b`, 2 AS `c\"d`, 3 AS `#e`", header="true"),
    csv("all quoted", TEXTS, quoteAll="true"),
    csv("quotes not escaped", TEXTS, escapeQuotes="false"),
    csv("separator", TEXTS, sep="|"),
    csv("separator of two", TEXTS, sep="||"),
    csv("tabs", TEXTS, sep="\\\\t"),
    csv("quote", TEXTS, quote="\\'"),
    csv("no quote", TEXTS, quote=""),
    csv("escape", TEXTS, escape="\""),
    csv("escape of escapes", TEXTS, escape="!", charToEscapeQuoteEscaping="?"),
    csv("comment", TEXTS, comment="'".replace("'", "\\'")),
    csv("null value", TEXTS, nullValue="NULL"),
    csv("empty value", TEXTS, emptyValue="EMPTY"),
    csv("empty value empty", TEXTS, emptyValue=""),
    csv("null and all quoted", TEXTS, nullValue="-", quoteAll="true"),
    csv("white space kept", TEXTS, ignoreLeadingWhiteSpace="false", ignoreTrailingWhiteSpace="false"),
    csv("line separator", TEXTS, lineSep="|"),
    csv("line separator of two", TEXTS, lineSep="\\r\\n"),
    csv("types", TYPES),
    csv("formats", "SELECT DATE'2024-01-02' a, TIMESTAMP'2024-01-02 03:04:05.678' b, TIMESTAMP_NTZ'2024-01-02 03:04:05' c",
        dateFormat="dd/MM/yyyy", timestampFormat="yyyy.MM.dd HH-mm", timestampNTZFormat="HH:mm"),
    csv("time zone", "SELECT TIMESTAMP'2024-01-02 03:04:05' a", timeZone="America/New_York"),
    csv("no rows", "SELECT 1 a WHERE false", header="true"),
    csv("no rows and no header", "SELECT 1 a WHERE false"),
    csv("extension", "SELECT 1 a", extension="tsv"),
    csv("latin", "SELECT 'é' a", encoding="ISO-8859-1"),
    csv("binary", "SELECT X'4142' a"),
    csv("array", "SELECT array(1) a"),
    csv("void", "SELECT NULL a"),
    json("types", TYPES),
    json("nested", NESTED),
    json("nulls kept", NESTED, ignoreNullFields="false"),
    json("formats", "SELECT DATE'2024-01-02' a, TIMESTAMP'2024-01-02 03:04:05.678' b, TIMESTAMP_NTZ'2024-01-02 03:04:05' c",
         dateFormat="dd/MM/yyyy", timestampFormat="yyyy.MM.dd HH-mm", timestampNTZFormat="HH:mm"),
    json("line separator", "SELECT id FROM range(2)", lineSep="|"),
    json("code points", "SELECT 'é😀' a", writeNonAsciiCharacterAsCodePoint="true"),
    json("pretty", "SELECT 1 a", pretty="true"),
    json("time zone", "SELECT TIMESTAMP'2024-01-02 03:04:05' a", timeZone="Asia/Kolkata"),
    json("no rows", "SELECT 1 a WHERE false"),
    json("empty struct", "SELECT CAST(NULL AS INT) a"),
    json("void", "SELECT NULL a, 1 b"),
    json("compression", "SELECT 1 a", compression="nothing"),
    json("names", "SELECT 1 `a\"b`, 2 `é`"),
    Write("lines", "text", "SELECT * FROM VALUES ('a'), (''), (NULL), ('b\\nc') t(x)"),
    Write("line separator", "text", "SELECT 'a' x", {"lineSep": "|"}),
    Write("two columns", "text", "SELECT 'a' x, 'b' y"),
    Write("of int", "text", "SELECT 1 x"),
]
