"""What is read: files with their content, a format, options; the answers stand in golden.json (update.py asks Spark)."""

from dataclasses import dataclass, field


@dataclass
class Case:
    name: str
    format: str
    files: dict  # name → text or bytes
    options: dict = field(default_factory=dict)
    schema: str = ""
    path: str = ""  # below the case's folder
    select: str = "*"
    order: bool = False  # rows in any order

    @property
    def key(self):
        return f"{self.format}/{self.name}"


def csv(name, text, options=None, **more):
    return Case(name, "csv", text if isinstance(text, dict) else {"a.csv": text}, options or {}, **more)


def json(name, text, options=None, **more):
    return Case(name, "json", text if isinstance(text, dict) else {"a.json": text}, options or {}, **more)


H = {"header": "true"}
TYPED = {"header": "true", "inferSchema": "true"}
BAD_CSV = "1,x\n2,y,extra\nthree,z\n4\n"
BAD_JSON = '{"a":1,"b":"x"}\n{"a":"two","b":"y"}\n{"a":3,\nnot json\n\n{"b":"w","a":4}\n'

CASES = [
    csv("plain", "1,x,\n2,\"y, z\",3.5\n\n3,\"\",' q'\n"),
    csv("header", "id,name,Name,\n1,a,b,c\n", H),
    csv("inferred", "i,l,d,f,day,at,b,s,big,mixed,e\n1,3000000000,1.5,1e3,2024-01-02,2024-01-02 03:04:05,true,x,123456789012345678901,1,\n"
        "2,4,2,NaN,2024-01-03,2024-01-02T03:04:05.123Z,FALSE,7,2,2024-01-01,\n", TYPED),
    csv("inferred dates", "a,b,c,d\n2024-01-02,2024-1-2,2024-01,2024-01-02 10:00\n2024-02-03,2024-1-3,2024-02,2024-01-03\n", TYPED),
    csv("inferred numbers", "a,b,c,d,e,f\n+1, 1,1d,0x1,1_000,-0\n2,2,2,2,2,1.0\n", TYPED),
    csv("no prefer date", "a\n2024-01-02\n", {**TYPED, "preferDate": "false"}),
    csv("separator and quote", "a|'x|y'|''\nb|it's|c\n", {"sep": "|", "quote": "'"}),
    csv("delimiter of two", "a||b||c\n", {"delimiter": "||"}),
    csv("tab", "a\tb\n", {"sep": "\\t"}),
    csv("no quote", 'a,"b,c"\n', {"quote": ""}),
    csv("escape", 'a,"x \\"q\\" y",z\n"p ""q"" r","\\\\","a\\b"\n', {}),
    csv("escape is quote", 'a,"x ""q"" y"\n', {"escape": '"'}),
    csv("quote inside", 'a"b,"c"d,"e" ,f "g"\n', {}),
    csv("never closed", 'a,"b,c\nd,e,f\n', {}),
    csv("comment", "#one\n1,2\n #x,3\n", {"comment": "#"}),
    csv("null value", "NA,,x\n\"NA\",\"\",y\n", {"nullValue": "NA"}),
    csv("empty value", "a,\"\",\n", {"emptyValue": "EMPTY"}),
    csv("white space", " a , \"b\" ,c\n", {}),
    csv("white space ignored", " a , \"b\" ,c \n", {"ignoreLeadingWhiteSpace": "true", "ignoreTrailingWhiteSpace": "true"}),
    csv("multi line", 'a,"x\ny"\r\nb,"p\r\nq"\r\n', {"multiLine": "true"}),
    csv("not multi line", 'a,"x\ny"\nb,c\n', {}),
    csv("line separator", "a,b;c,d;", {"lineSep": ";"}),
    csv("carriage returns", "a,b\rc,d\r\ne,f\n", {}),
    csv("permissive", BAD_CSV, schema="a INT, b STRING"),
    csv("permissive with record", BAD_CSV, schema="a INT, b STRING, _corrupt_record STRING"),
    csv("named record", BAD_CSV, {"columnNameOfCorruptRecord": "bad"}, schema="a INT, b STRING, bad STRING"),
    csv("drop malformed", BAD_CSV, {"mode": "DROPMALFORMED"}, schema="a INT, b STRING"),
    csv("fail fast", BAD_CSV, {"mode": "FAILFAST"}, schema="a INT, b STRING"),
    csv("one column of malformed", BAD_CSV, {"mode": "DROPMALFORMED"}, schema="a INT, b STRING", select="b"),
    csv("types", "1,2,3,4,1.5,2.5,true,12.345,2024-01-02,2024-01-02 03:04:05,x\n"
        "300,-40000,+5,99999999999,Inf,-Inf,yes,1e2,2024-13-01,bad,\n",
        schema="a TINYINT, b SMALLINT, c INT, d BIGINT, e FLOAT, f DOUBLE, g BOOLEAN, h DECIMAL(5,2), i DATE, j TIMESTAMP, k STRING"),
    csv("formats", "02/01/2024,2024.01.02 10-11\n2024-01-02,2024-01-02 10:11:12\n",
        {"dateFormat": "dd/MM/yyyy", "timestampFormat": "yyyy.MM.dd HH-mm"}, schema="d DATE, t TIMESTAMP"),
    csv("nan value", "nope,1.5\n", {"nanValue": "nope"}, schema="a DOUBLE, b FLOAT"),
    csv("latin", {"a.csv": "é,ü\n".encode("latin-1")}, {"encoding": "ISO-8859-1"}),
    csv("utf16", {"a.csv": "id,name\n1,é\n".encode("utf-16")}, {**H, "encoding": "UTF-16", "multiLine": "true"}),
    csv("byte order mark", {"a.csv": b"\xef\xbb\xbfid,name\n1,a\n"}, H),
    csv("header of each file", {"a.csv": "id\n1\n", "b.csv": "id\n2\n", "_c.csv": "id\n9\n", ".d.csv": "id\n9\n"}, H, order=True),
    csv("partitions", {"y=2024/m=1/a.csv": "x\n", "y=2024/m=02/a.csv": "z\n", "y=2025/m=__HIVE_DEFAULT_PARTITION__/a.csv": "w\n"}, order=True),
    csv("partition types", {"d=2024-01-01/s=a%20b/f=1.5/l=3000000000/a.csv": "x\n"}),
    csv("partition in schema", {"y=1/a.csv": "x\n"}, schema="y STRING, c STRING"),
    csv("base path", {"y=1/a.csv": "x\n", "y=2/a.csv": "z\n"}, {"basePath": "{folder}"}, path="y=1"),
    csv("below a partition", {"y=1/a.csv": "x\n", "y=2/a.csv": "z\n"}, path="y=1"),
    csv("folders are not read", {"a.csv": "x\n", "sub/b.csv": "y\n"}),
    csv("recursive", {"a.csv": "x\n", "sub/b.csv": "y\n", "k=1/c.csv": "z\n"}, {"recursiveFileLookup": "true"}, order=True),
    csv("glob filter", {"a.csv": "x\n", "b.txt": "y\n"}, {"pathGlobFilter": "*.csv"}),
    csv("modified before", {"a.csv": "x\n"}, {"modifiedBefore": "2000-01-01T00:00:00"}, schema="a STRING"),
    csv("pattern", {"a1.csv": "x\n", "a2.csv": "y\n", "b.csv": "z\n"}, path="a*.csv", order=True),
    csv("missing", {"a.csv": "x\n"}, path="nothing"),
    csv("empty folder", {"_x": ""}),
    csv("empty file", "", {}),
    csv("corrupt gzip", {"a.csv.gz": b"\x1f\x8b\x08nothing"}, {"ignoreCorruptFiles": "true"}, schema="a STRING"),
    csv("count", "1,2\n3\n", select="count(*)"),
    csv("file name", {"a b.csv": "x\n"}, select="_c0, regexp_replace(input_file_name(), '.*/', '') f, _metadata.file_name n, _metadata.file_size z, _metadata.file_block_start s"),
    json("plain", '{"z":1,"a":{"y":1.5,"b":"t"},"when":"2024-01-01","xs":[1,2]}\n{"z":2,"n":null,"a":{"b":"u"},"mixed":1}\n{"mixed":"s"}\n'),
    json("types", '{"i":1,"l":99999999999,"b":123456789012345678901,"d":1.5,"e":1e400,"t":true,"s":"x","n":null,"o":{},"v":[],"w":[{}],"x":[[1],[2.5]],"y":[1,"a"],"m":[{"a":1},{"b":2}]}\n'),
    json("conflicts", '{"a":1,"b":{"x":1},"c":[1]}\n{"a":true,"b":2,"c":{"x":1}}\n{"a":1.5,"b":null,"c":null}\n'),
    json("primitives as string", '{"a":1,"b":true,"c":1.5}\n', {"primitivesAsString": "true"}),
    json("prefers decimal", '{"a":1.25,"b":1}\n', {"prefersDecimal": "true"}),
    json("infers timestamps", '{"a":"2024-01-01T10:00:00Z","b":"2024-01-01","c":"x"}\n', {"inferTimestamp": "true"}),
    json("drops all null", '{"a":null,"b":[],"c":1}\n', {"dropFieldIfAllNull": "true"}),
    json("permissive", BAD_JSON),
    json("permissive with schema", BAD_JSON, schema="a INT, b STRING"),
    json("permissive with record", BAD_JSON, schema="a INT, b STRING, _corrupt_record STRING"),
    json("named record", BAD_JSON, {"columnNameOfCorruptRecord": "bad"}, schema="a INT, bad STRING"),
    json("drop malformed", BAD_JSON, {"mode": "DROPMALFORMED"}, schema="a INT, b STRING"),
    json("fail fast", BAD_JSON, {"mode": "FAILFAST"}, schema="a INT, b STRING"),
    json("drop malformed inferred", BAD_JSON, {"mode": "DROPMALFORMED"}),
    json("array a line", '[{"a":1},{"a":2}]\n{"a":3}\n[]\n'),
    json("multi line object", '{\n "a": 1,\n "b": [1,\n 2]\n}\n', {"multiLine": "true"}),
    json("multi line array", '[\n {"a": 1},\n {"a": 2}\n]\n', {"multiLine": "true"}),
    json("comments", '{"a":1 /* one */, "b":2} // end\n', {"allowComments": "true"}),
    json("lenient", "{a:01,'b':\"x\\qy\"}\n", {"allowUnquotedFieldNames": "true", "allowNumericLeadingZeros": "true", "allowBackslashEscapingAnyCharacter": "true"}),
    json("formats", '{"d":"02/01/2024","t":"2024.01.02 10-11"}\n', {"dateFormat": "dd/MM/yyyy", "timestampFormat": "yyyy.MM.dd HH-mm"}, schema="d DATE, t TIMESTAMP"),
    json("schema by name", '{"b":"x","a":1,"c":[1,2],"s":{"q":1,"p":"z"}}\n', schema="a BIGINT, s STRUCT<p: STRING, r: INT>, c ARRAY<INT>, m MAP<STRING, INT>"),
    json("line separator", '{"a":1}|{"a":2}|', {"lineSep": "|"}),
    json("sorted case", '{"b":1,"B2":2,"a":3}\n'),
    json("duplicate case", '{"a":1,"A":2}\n'),
    json("empty file", ""),
    Case("lines", "text", {"a.txt": "one, \"two\"\n\nthree"}),
    Case("whole", "text", {"a.txt": "one\ntwo\n", "b.txt": "three"}, {"wholetext": "true"}, order=True),
    Case("separator", "text", {"a.txt": "a|b|c"}, {"lineSep": "|"}),
    Case("partitioned", "text", {"k=1/a.txt": "x\n"}),
]
