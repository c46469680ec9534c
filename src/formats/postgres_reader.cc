// Rows of a query in PostgreSQL, one after the other as the server gives them.
#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "base/error.h"
#include "formats/nested_output.h"
#include "formats/postgres.h"
#include "formats/postgres_connection.h"
#include "formats/schema_json.h"
#include "formats/value_parser.h"
#include "kernels/timestamp_text.h"

namespace firn::formats {
namespace {

using kernels::Output;
using types::DataType;
using types::DataTypeId;
using types::StructField;

// Object ids of PostgreSQL's own types never change.
struct TypeRow {
  Oid id, array;
  DataTypeId type;
};
constexpr TypeRow kTypes[] = {
    {16, 1000, DataTypeId::kBoolean},     {17, 1001, DataTypeId::kBinary},
    {20, 1016, DataTypeId::kLong},        {21, 1005, DataTypeId::kShort},
    {23, 1007, DataTypeId::kInteger},     {26, 1028, DataTypeId::kLong},
    {700, 1021, DataTypeId::kFloat},      {701, 1022, DataTypeId::kDouble},
    {1082, 1182, DataTypeId::kDate},      {1083, 1183, DataTypeId::kTimestamp},
    {1114, 1115, DataTypeId::kTimestamp}, {1184, 1185, DataTypeId::kTimestamp},
    {1700, 1231, DataTypeId::kDecimal},
};
constexpr Oid kTimestampOid = 1114, kTime = 1083, kTimestampTz = 1184, kNumeric = 1700, kBit = 1560;

DataType numeric_type(int modifier) {
  constexpr int kHeader = 4;
  if (modifier < kHeader) return DataType::decimal(38, 18);
  int precision = (modifier - kHeader) >> 16 & 0xffff, scale = (modifier - kHeader) & 0x7ff;
  if (precision > 38) {  // digits behind the point give way
    scale = std::max(0, scale - (precision - 38));
    precision = 38;
  }
  return DataType::decimal(precision, scale);
}

DataType postgres_type(Oid id, int modifier, bool local_timestamps) {
  if (id == kTimestampOid && local_timestamps) return DataTypeId::kTimestampNtz;
  if (id == kBit && modifier == 1) return DataTypeId::kBoolean;
  for (const TypeRow& row : kTypes) {
    if (row.id == id) return id == kNumeric ? numeric_type(modifier) : DataType(row.type);
    if (row.array == id)
      return DataType::array(row.id == kNumeric ? numeric_type(modifier) : DataType(row.type));
  }
  const bool text_array = id == 1009 || id == 1015 || id == 1014 || id == 2951;
  return text_array ? DataType::array(DataTypeId::kString) : DataType(DataTypeId::kString);
}

std::string table_of(const Options& options) {
  const auto table = options.find("dbtable"), query = options.find("query");
  if (table && query)
    throw_invalid("Both 'dbtable' and 'query' can not be specified at the same time.");
  if (!table && !query) throw_invalid("Option 'dbtable' or 'query' is required.");
  if (table) {
    if (table->empty()) throw_invalid("Option 'dbtable' can not be empty.");
    return *table;
  }
  std::string text = *query;
  while (!text.empty() && (text.back() == ';' || text.back() == ' ' || text.back() == '\n'))
    text.pop_back();
  return "(" + text + ") SPARK_GEN_SUBQ_0";
}

struct RemoteColumn {
  std::string name;
  Oid id = 0;
  DataType type;
};

// How deep a table's column of arrays is declared; 1 of what is no column of a table.
int64_t dimensions_of(PostgresConnection& connection, const PGresult* result, int column) {
  const Oid table = PQftable(result, column);
  if (table == InvalidOid) return 1;
  const auto found =
      connection.run("SELECT attndims FROM pg_attribute WHERE attrelid = " + std::to_string(table) +
                     " AND attnum = " + std::to_string(PQftablecol(result, column)));
  if (PQntuples(found.get()) == 0) return 1;
  return std::max(1L, std::strtol(PQgetvalue(found.get(), 0, 0), nullptr, 10));
}

std::vector<RemoteColumn> remote_columns(PostgresConnection& connection, const Options& options,
                                         const std::string& table) {
  const bool local = options.flag("preferTimestampNTZ", false);
  const auto result = connection.run("SELECT * FROM " + table + " WHERE 1=0");
  std::vector<RemoteColumn> columns;
  for (int i = 0; i < PQnfields(result.get()); ++i) {
    const Oid id = PQftype(result.get(), i);
    DataType type = postgres_type(id, PQfmod(result.get(), i), local);
    if (type.id() == DataTypeId::kArray) {
      for (int64_t depth = dimensions_of(connection, result.get(), i); depth > 1; --depth)
        type = DataType::array(type);
    }
    columns.push_back({PQfname(result.get(), i), id, std::move(type)});
  }
  return columns;
}

// Types of customSchema in place of the database's.
DataType customised(const DataType& schema, const Options& options) {
  const auto text = options.find("customSchema");
  if (!text) return schema;
  const DataType custom = parse_schema_json(*text);
  std::vector<StructField> fields = schema.fields();
  for (StructField& field : fields) {
    for (const StructField& own : custom.fields()) {
      if (lower_case(own.name) == lower_case(field.name)) field.type = own.type;
    }
  }
  return DataType::structure(std::move(fields));
}

void check_sizes(const Options& options) {
  if (const int64_t size = options.number("fetchsize", 0); size < 0)
    throw_invalid("Invalid value `" + std::to_string(size) +
                  "` for parameter `fetchsize`. The minimum value is 0.");
  if (options.find("query") && options.find("partitionColumn"))
    throw_invalid(
        "Options 'query' and 'partitionColumn' can not be specified together. Please define the "
        "query using `dbtable` option instead and make sure to qualify the partition columns "
        "using the supplied subquery alias to resolve any ambiguity.");
}

DataType infer_jdbc(files::FileStore&, const Options& options, const std::vector<FilePart>&) {
  check_sizes(options);
  PostgresConnection connection(options);
  std::vector<StructField> fields;
  for (const RemoteColumn& column : remote_columns(connection, options, table_of(options)))
    fields.push_back({column.name, column.type, true, ""});
  return customised(DataType::structure(std::move(fields)), options);
}

// ---- Values

class JdbcRows final : public RowReader {
 public:
  JdbcRows(const ReadRequest& request, const FilePart& part)
      : connection_(request.options), url_(request.options.text("url", "")) {
    formats_.zone = request.options.zone();
    const std::string table = table_of(request.options);
    const std::vector<RemoteColumn> remote = remote_columns(connection_, request.options, table);
    std::string select;
    for (const int index : request.wanted) {
      const StructField& field = request.schema.fields()[static_cast<size_t>(index)];
      const auto found = std::ranges::find(remote, field.name, &RemoteColumn::name);
      if (found == remote.end())
        throw_invalid("the table " + table + " has no column " + field.name + " any more");
      std::string value = connection_.quoted(field.name);
      if (found->id == kTimestampTz) value = "(" + value + " AT TIME ZONE 'UTC')";
      if (found->id == kTime) value = "(DATE '1970-01-01' + " + value + ")";
      select += (select.empty() ? "SELECT " : ", ") + value;
      columns_.push_back({field.type, found->id == kTimestampTz});
    }
    if (select.empty()) select = "SELECT 1";
    sql_ = select + " FROM " + table;
    if (!part.uri.empty()) sql_ += " WHERE " + part.uri;
    if (PQsendQuery(connection_.get(), sql_.c_str()) != 1) connection_.fail(sql_);
    PQsetSingleRowMode(connection_.get());
    utc_ = kernels::find_time_zone("UTC");
  }

  uint64_t read(std::span<Output* const> columns, uint64_t capacity) override {
    std::vector<NestedOutput> outputs;
    for (size_t i = 0; i < columns.size(); ++i) outputs.emplace_back(columns_[i].type, *columns[i]);
    uint64_t row = 0;
    while (row < capacity && !done_) {
      const PostgresResult result(PQgetResult(connection_.get()), PQclear);
      if (!result) {
        done_ = true;
        break;
      }
      const ExecStatusType status = PQresultStatus(result.get());
      if (status != PGRES_SINGLE_TUPLE && status != PGRES_TUPLES_OK) connection_.fail(sql_);
      if (PQntuples(result.get()) == 0) continue;
      for (size_t i = 0; i < outputs.size(); ++i) {
        const int at = static_cast<int>(i);
        if (PQgetisnull(result.get(), 0, at) != 0) {
          outputs[i].set_null(row);
          continue;
        }
        const std::string_view text(PQgetvalue(result.get(), 0, at),
                                    static_cast<size_t>(PQgetlength(result.get(), 0, at)));
        store(text, outputs[i], row, columns_[i].instant);
      }
      ++row;
    }
    for (NestedOutput& output : outputs) output.trim();
    return row;
  }

 private:
  struct Column {
    DataType type;
    bool instant;  // given in UTC
  };

  void store(std::string_view text, NestedOutput& into, uint64_t row, bool instant) {
    switch (into.type.id()) {
      case DataTypeId::kArray:
        return store_array(text, into, row, instant);
      case DataTypeId::kBoolean:
        return into.put<bool>(row, text == "t" || text == "1" || text == "true");
      case DataTypeId::kBinary: {
        std::string bytes;
        for (size_t i = 2; i + 1 < text.size(); i += 2) {
          unsigned value = 0;
          std::from_chars(text.data() + i, text.data() + i + 2, value, 16);
          bytes += static_cast<char>(value);
        }
        return into.out->set_string(row, bytes);
      }
      case DataTypeId::kTimestamp:
        if (instant) {
          const auto value = kernels::parse_timestamp(text, *utc_);
          if (value) return into.put<int64_t>(row, *value);
          break;
        }
        [[fallthrough]];
      default:
        if (store_text(text, into.type, formats_, row, *into.out)) return;
    }
    if (store_infinity(text, into, row)) return;
    throw_invalid("the value '" + std::string(text) + "' of " + url_ + " is no " +
                  into.type.simple_string());
  }

  // Behind the brace that closes the one at `at`.
  static size_t end_of_array(std::string_view text, size_t at) {
    int depth = 0;
    bool quoted = false;
    for (; at < text.size(); ++at) {
      if (quoted && text[at] == '\\')
        ++at;
      else if (text[at] == '"')
        quoted = !quoted;
      else if (!quoted && text[at] == '{')
        ++depth;
      else if (!quoted && text[at] == '}' && --depth == 0)
        return at + 1;
    }
    return text.size();
  }

  // The ends of the calendar that Spark has for them.
  static bool store_infinity(std::string_view text, NestedOutput& into, uint64_t row) {
    const bool negative = text == "-infinity";
    if (!negative && text != "infinity") return false;
    const int32_t day = *kernels::parse_date(negative ? "0001-01-01" : "9999-12-31");
    if (into.type.id() == DataTypeId::kDate) {
      into.put<int32_t>(row, day);
      return true;
    }
    if (into.type.id() != DataTypeId::kTimestamp && into.type.id() != DataTypeId::kTimestampNtz)
      return false;
    constexpr int64_t kDay = 86'400'000'000, kSecond = 1'000'000;
    into.put<int64_t>(row, day * kDay + (negative ? 0 : kDay - kSecond));
    return true;
  }

  // {1,2,NULL,"a \"b\""}, {{1,2},{3,4}}
  void store_array(std::string_view text, NestedOutput& into, uint64_t row, bool instant) {
    const uint64_t start = into.used;
    const bool nested = into.type.element().id() == DataTypeId::kArray;
    if (text.starts_with("{{") && !nested)
      throw_unsupported(
          "arrays of PostgreSQL with more dimensions than their column declares; cast the column "
          "to "
          "text in the query");
    std::string element;
    for (size_t at = 1; at < text.size() && text[at] != '}';) {
      element.clear();
      const bool quoted = text[at] == '"';
      if (quoted) {
        for (++at; at < text.size() && text[at] != '"'; ++at) {
          if (text[at] == '\\') ++at;
          element += text[at];
        }
        ++at;
      } else if (nested && text[at] == '{') {
        const size_t end = end_of_array(text, at);
        element = text.substr(at, end - at);
        at = end;
      } else {
        while (at < text.size() && text[at] != ',' && text[at] != '}') element += text[at++];
      }
      const uint64_t slot = into.add_element();
      if (!quoted && element == "NULL")
        into.children[0].set_null(slot);
      else
        store(element, into.children[0], slot, instant);
      if (at < text.size() && text[at] == ',') ++at;
    }
    into.put<kernels::ListEntry>(row, {start, into.used - start});
  }

  PostgresConnection connection_;
  const std::string url_;
  ValueFormats formats_;
  std::shared_ptr<const kernels::TimeZone> utc_;
  std::vector<Column> columns_;
  std::string sql_;
  bool done_ = false;
};

// Of the partition column, by the name behind a subquery's alias too.
DataTypeId partition_type(PostgresConnection& connection, const Options& options,
                          const std::string& column) {
  std::string name = lower_case(column.substr(column.rfind('.') + 1));
  if (name.size() > 2 && name.front() == '"') name = name.substr(1, name.size() - 2);
  std::string columns;
  for (const RemoteColumn& remote : remote_columns(connection, options, table_of(options))) {
    columns += (columns.empty() ? "" : ",") + remote.name + ":" + remote.type.simple_string();
    if (lower_case(remote.name) != name) continue;
    const DataTypeId type = remote.type.id();
    if (remote.type.is_numeric() || type == DataTypeId::kDate || type == DataTypeId::kTimestamp)
      return type;
    throw_invalid("Partition column type should be numeric, date, or timestamp, but " +
                  remote.type.simple_string() + " found.");
  }
  throw_invalid("User-defined partition column " + column +
                " not found in the JDBC relation: struct<" + columns + ">");
}

int64_t bound_of(const Options& options, const char* name, DataTypeId type) {
  const std::string text = options.text(name, "");
  if (type == DataTypeId::kDate) {
    if (const auto days = kernels::parse_date(text)) return *days;
  } else if (type == DataTypeId::kTimestamp) {
    if (const auto instant = kernels::parse_timestamp(text, *options.zone())) return *instant;
  }
  return options.number(name, 0);
}

std::string bound_text(int64_t value, DataTypeId type) {
  if (type == DataTypeId::kDate) return "DATE '1970-01-01' + " + std::to_string(value);
  if (type == DataTypeId::kTimestamp)
    return "to_timestamp(" + std::to_string(value / 1000000) + "." +
           std::to_string(1000000 + value % 1000000).substr(1) + ")";
  return std::to_string(value);
}

}  // namespace

std::vector<FilePart> jdbc_partitions(const Options& options) {
  std::vector<FilePart> parts;
  if (const auto predicates = options.find("__predicates")) {
    for (const std::string& predicate : parse_text_list(*predicates)) parts.push_back({predicate});
    return parts;
  }
  const auto column = options.find("partitionColumn");
  int64_t count = options.number("numPartitions", 1);
  if (!column) {
    if (options.find("lowerBound") || options.find("upperBound"))
      throw_invalid(
          "When reading JDBC data sources, users need to specify all or none for the following "
          "options: 'partitionColumn', 'lowerBound', 'upperBound', and 'numPartitions'");
    return {FilePart{}};
  }
  if (!options.find("lowerBound") || !options.find("upperBound") || !options.find("numPartitions"))
    throw_invalid(
        "When reading JDBC data sources, users need to specify all or none for the following "
        "options: 'partitionColumn', 'lowerBound', 'upperBound', and 'numPartitions'");
  PostgresConnection connection(options);
  const DataTypeId type = partition_type(connection, options, *column);
  const int64_t lower = bound_of(options, "lowerBound", type),
                upper = bound_of(options, "upperBound", type);
  if (lower > upper)
    throw_invalid(
        "Operation not allowed: the lower bound of partitioning column is larger than the upper "
        "bound.");
  count = std::max<int64_t>(1, std::min(count, upper - lower));
  if (count == 1 || lower == upper) return {FilePart{}};
  const int64_t stride = upper / count - lower / count;
  int64_t at = lower;
  for (int64_t i = 0; i < count; ++i) {
    const std::string from = i > 0 ? *column + " >= " + bound_text(at, type) : "";
    at += stride;
    const std::string to = i + 1 < count ? *column + " < " + bound_text(at, type) : "";
    parts.push_back({from.empty() ? to + " or " + *column + " is null"
                     : to.empty() ? from
                                  : from + " AND " + to});
  }
  return parts;
}

const Format kJdbc = {
    "jdbc",
    nullptr,
    infer_jdbc,
    [](const ReadRequest& request, const FilePart& part) -> std::unique_ptr<RowReader> {
      return std::make_unique<JdbcRows>(request, part);
    },
    nullptr,
    nullptr};

}  // namespace firn::formats
