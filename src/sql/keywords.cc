// The table of keywords: Spark's words and those of pipeline statements (STREAMING, FLOW, EXPECT).
#include "sql/keywords.h"

#include <algorithm>

namespace firn::sql {
namespace {

constexpr uint8_t A = kReservedInAnsi, T = kNoTableAlias, E = kEndsOperand, N = kNoOperand;

// clang-format off
constexpr Keyword kKeywords[] = {
    {"ADD", 0}, {"AFTER", 0}, {"ALL", A}, {"ALTER", 0}, {"ALWAYS", 0}, {"ANALYZE", 0},
    {"AND", A | E | N}, {"ANTI", T | E}, {"ANY", A}, {"ANY_VALUE", 0}, {"APPLY", E},
    {"ARCHIVE", 0}, {"ARRAY", 0}, {"AS", A | E | N}, {"ASC", E}, {"AT", 0}, {"AUTHORIZATION", A},
    {"AUTO", 0}, {"BETWEEN", E | N}, {"BIGINT", 0}, {"BINARY", 0}, {"BOOLEAN", 0}, {"BOTH", A},
    {"BUCKET", 0}, {"BUCKETS", 0}, {"BY", E}, {"BYTE", 0}, {"CACHE", 0}, {"CASCADE", 0},
    {"CASE", A}, {"CAST", A}, {"CATALOG", 0}, {"CATALOGS", 0}, {"CDC", 0}, {"CHANGE", 0},
    {"CHAR", 0}, {"CHARACTER", 0}, {"CHECK", A}, {"CLEAR", 0}, {"CLUSTER", E}, {"CLUSTERED", 0},
    {"CODEGEN", 0}, {"COLLATE", A | E}, {"COLLATION", 0}, {"COLLECTION", 0}, {"COLUMN", A},
    {"COLUMNS", E}, {"COMMENT", E}, {"COMMIT", 0}, {"COMPACT", 0}, {"COMPENSATION", 0},
    {"COMPUTE", 0}, {"CONCATENATE", 0}, {"CONSTRAINT", A}, {"COST", 0}, {"CREATE", A},
    {"CROSS", A | T | E | N}, {"CUBE", 0}, {"CURRENT", 0}, {"CURRENT_DATE", A},
    {"CURRENT_TIME", A}, {"CURRENT_TIMESTAMP", A}, {"CURRENT_USER", A}, {"DATA", 0},
    {"DATABASE", 0}, {"DATABASES", 0}, {"DATE", 0}, {"DATEADD", 0}, {"DATEDIFF", 0},
    {"DATE_ADD", 0}, {"DATE_DIFF", 0}, {"DAY", 0}, {"DAYOFYEAR", 0}, {"DAYS", 0},
    {"DBPROPERTIES", 0}, {"DEC", 0}, {"DECIMAL", 0}, {"DECLARE", 0}, {"DEFAULT", 0},
    {"DEFINED", 0}, {"DELAY", E}, {"DELETE", 0}, {"DELIMITED", 0}, {"DESC", E}, {"DESCRIBE", 0},
    {"DIRECTORIES", 0}, {"DIRECTORY", 0}, {"DISTINCT", A | N}, {"DISTRIBUTE", E}, {"DIV", E},
    {"DOUBLE", 0}, {"DROP", 0}, {"ELSE", A | E | N}, {"END", A | E | N}, {"ESCAPE", A | E},
    {"ESCAPED", 0}, {"EVOLUTION", 0}, {"EXCEPT", A | T | E | N}, {"EXCHANGE", 0}, {"EXCLUDE", 0},
    {"EXECUTE", A}, {"EXISTS", 0}, {"EXPECT", 0}, {"EXPLAIN", 0}, {"EXPORT", 0}, {"EXTENDED", 0},
    {"EXTERNAL", 0}, {"EXTRACT", 0}, {"FAIL", 0}, {"FALSE", A}, {"FETCH", A}, {"FIELDS", 0},
    {"FILEFORMAT", 0}, {"FILTER", A | E}, {"FIRST", 0}, {"FLOAT", 0}, {"FLOW", 0},
    {"FOLLOWING", E}, {"FOR", A | E}, {"FOREIGN", A}, {"FORMAT", 0}, {"FORMATTED", 0},
    {"FROM", A | E | N}, {"FULL", A | T | E}, {"FUNCTION", 0}, {"FUNCTIONS", 0}, {"GENERATED", 0},
    {"GLOBAL", 0}, {"GRANT", A}, {"GROUP", A | E | N}, {"GROUPING", 0}, {"HAVING", A | E | N},
    {"HOUR", 0}, {"HOURS", 0}, {"IDENTIFIER", 0}, {"IF", 0}, {"IGNORE", E}, {"ILIKE", E},
    {"IMMEDIATE", 0}, {"IMPORT", 0}, {"IN", A | E | N}, {"INCLUDE", 0}, {"INDEX", 0},
    {"INDEXES", 0}, {"INNER", A | T | E}, {"INPATH", 0}, {"INSERT", E}, {"INT", 0},
    {"INTEGER", 0}, {"INTERSECT", A | T | E | N}, {"INTERVAL", 0}, {"INTO", A | E | N},
    {"IS", A | E | N}, {"ITEMS", 0}, {"JOIN", A | T | E | N}, {"KEYS", E}, {"LAST", 0},
    {"LATERAL", A | T | E}, {"LAZY", 0}, {"LEADING", A}, {"LEFT", A | T | E}, {"LIKE", E},
    {"LIMIT", E}, {"LINES", 0}, {"LIST", 0}, {"LOAD", 0}, {"LOCAL", 0}, {"LOCATION", E},
    {"LOCK", 0}, {"LOCKS", 0}, {"LOGICAL", 0}, {"LONG", 0}, {"MACRO", 0}, {"MAP", 0},
    {"MATCHED", 0}, {"MATERIALIZED", 0}, {"MERGE", 0}, {"MICROSECOND", 0}, {"MICROSECONDS", 0},
    {"MILLISECOND", 0}, {"MILLISECONDS", 0}, {"MINUS", T | E}, {"MINUTE", 0}, {"MINUTES", 0},
    {"MONTH", 0}, {"MONTHS", 0}, {"MSCK", 0}, {"NAME", 0}, {"NAMESPACE", 0}, {"NAMESPACES", 0},
    {"NANOSECOND", 0}, {"NANOSECONDS", 0}, {"NATURAL", A | T | E}, {"NO", 0}, {"NOT", A | E},
    {"NULL", A}, {"NULLS", E}, {"NUMERIC", 0}, {"OF", 0}, {"OFFSET", A | E},
    {"ON", A | T | E | N}, {"ONCE", 0}, {"ONLY", A}, {"OPTION", 0}, {"OPTIONS", 0},
    {"OR", A | E | N}, {"ORDER", A | E | N}, {"OUT", 0}, {"OUTER", A}, {"OVER", E},
    {"OVERLAPS", A}, {"OVERLAY", 0}, {"OVERWRITE", 0}, {"PARTITION", 0}, {"PARTITIONED", E},
    {"PARTITIONS", 0}, {"PERCENT", 0}, {"PIVOT", E}, {"PLACING", 0}, {"POSITION", 0},
    {"PRECEDING", E}, {"PRIMARY", A}, {"PROPERTIES", 0}, {"PURGE", 0}, {"QUARTER", 0},
    {"QUERY", 0}, {"RANGE", E}, {"REAL", 0}, {"RECOVER", 0}, {"REDUCE", 0}, {"REFERENCES", A},
    {"REFRESH", 0}, {"REGEXP", E}, {"RENAME", 0}, {"REPAIR", 0}, {"REPEATABLE", 0},
    {"REPLACE", 0}, {"RESET", 0}, {"RESPECT", 0}, {"RESTRICT", 0}, {"REVOKE", 0},
    {"RIGHT", A | T | E}, {"RLIKE", E}, {"ROLE", 0}, {"ROLES", 0}, {"ROLLBACK", 0}, {"ROLLUP", 0},
    {"ROW", 0}, {"ROWS", E}, {"SCHEMA", 0}, {"SCHEMAS", 0}, {"SECOND", 0}, {"SECONDS", 0},
    {"SELECT", A | E | N}, {"SEMI", T | E}, {"SEPARATED", 0}, {"SEQUENCE", E}, {"SERDE", 0},
    {"SERDEPROPERTIES", 0}, {"SESSION_USER", A}, {"SET", E}, {"SETS", 0}, {"SHORT", 0},
    {"SHOW", 0}, {"SINGLE", 0}, {"SKEWED", 0}, {"SMALLINT", 0}, {"SOME", A}, {"SORT", E},
    {"SORTED", 0}, {"SOURCE", 0}, {"START", 0}, {"STATISTICS", 0}, {"STORED", E}, {"STREAM", 0},
    {"STREAMING", 0}, {"STRING", 0}, {"STRUCT", 0}, {"SUBSTR", 0}, {"SUBSTRING", 0}, {"SYNC", 0},
    {"SYSTEM_TIME", E}, {"SYSTEM_VERSION", E}, {"TABLE", A}, {"TABLES", 0}, {"TABLESAMPLE", E},
    {"TARGET", 0}, {"TBLPROPERTIES", E}, {"TEMP", 0}, {"TEMPORARY", 0}, {"TERMINATED", 0},
    {"THEN", A | E | N}, {"TIME", A}, {"TIMEDIFF", 0}, {"TIMESTAMP", E}, {"TIMESTAMPADD", 0},
    {"TIMESTAMPDIFF", 0}, {"TIMESTAMP_LTZ", 0}, {"TIMESTAMP_NTZ", 0}, {"TINYINT", 0}, {"TO", A},
    {"TOUCH", 0}, {"TRACK", E}, {"TRAILING", A}, {"TRANSACTION", 0}, {"TRANSACTIONS", 0},
    {"TRANSFORM", 0}, {"TRIM", 0}, {"TRUE", 0}, {"TRUNCATE", 0}, {"TRY_CAST", 0}, {"TYPE", 0},
    {"UNARCHIVE", 0}, {"UNBOUNDED", 0}, {"UNCACHE", 0}, {"UNION", A | T | E | N}, {"UNIQUE", A},
    {"UNKNOWN", A}, {"UNLOCK", 0}, {"UNPIVOT", E}, {"UNSET", 0}, {"UPDATE", 0}, {"USE", 0},
    {"USER", A}, {"USING", A | T | E | N}, {"VALUES", E}, {"VARCHAR", 0}, {"VARIABLE", 0},
    {"VARIANT", 0}, {"VERSION", E}, {"VIEW", 0}, {"VIEWS", 0}, {"VIOLATION", 0}, {"VOID", 0},
    {"WATERMARK", E}, {"WEEK", 0}, {"WEEKS", 0}, {"WHEN", A | E | N}, {"WHERE", A | E | N},
    {"WINDOW", E}, {"WITH", A | E | N}, {"WITHIN", A | E}, {"YEAR", 0}, {"YEARS", 0}, {"ZONE", 0},
};
// clang-format on

constexpr size_t kLongest = 17;

}  // namespace

std::span<const Keyword> keywords() { return kKeywords; }

const Keyword* find_keyword(std::string_view word) {
  if (word.empty() || word.size() > kLongest) return nullptr;
  char upper[kLongest];
  for (size_t i = 0; i < word.size(); ++i)
    upper[i] = word[i] >= 'a' && word[i] <= 'z' ? static_cast<char>(word[i] - 'a' + 'A') : word[i];
  const std::string_view name(upper, word.size());
  const auto* found = std::lower_bound(
      std::begin(kKeywords), std::end(kKeywords), name,
      [](const Keyword& row, std::string_view wanted) { return row.name < wanted; });
  return found != std::end(kKeywords) && found->name == name ? found : nullptr;
}

}  // namespace firn::sql
