// Rows of a query in PostgreSQL, one after the other as the server gives them.
#include <algorithm>
#include <charconv>
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
constexpr Oid kTime = 1083, kTimestampTz = 1184, kNumeric = 1700, kBit = 1560;

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

DataType spark_type(Oid id, int modifier) {
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

std::vector<RemoteColumn> remote_columns(PostgresConnection& connection, const std::string& table) {
  const auto result = connection.run("SELECT * FROM " + table + " WHERE 1=0");
  std::vector<RemoteColumn> columns;
  for (int i = 0; i < PQnfields(result.get()); ++i) {
    const Oid id = PQftype(result.get(), i);
    columns.push_back({PQfname(result.get(), i), id, spark_type(id, PQfmod(result.get(), i))});
  }
  return columns;
}

DataType infer_jdbc(files::FileStore&, const Options& options, const std::vector<FilePart>&) {
  PostgresConnection connection(options);
  std::vector<StructField> fields;
  for (const RemoteColumn& column : remote_columns(connection, table_of(options)))
    fields.push_back({column.name, column.type, true, ""});
  return DataType::structure(std::move(fields));
}

// ---- Values

class JdbcRows final : public RowReader {
 public:
  JdbcRows(const ReadRequest& request, const FilePart& part)
      : connection_(request.options), url_(request.options.text("url", "")) {
    formats_.zone = request.options.zone();
    const std::string table = table_of(request.options);
    const std::vector<RemoteColumn> remote = remote_columns(connection_, table);
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
    throw_invalid("the value '" + std::string(text) + "' of " + url_ + " is no " +
                  into.type.simple_string());
  }

  // {1,2,NULL,"a \"b\""}
  void store_array(std::string_view text, NestedOutput& into, uint64_t row, bool instant) {
    const uint64_t start = into.used;
    if (text.starts_with("{{"))
      throw_unsupported("arrays of PostgreSQL with more than one dimension");
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
  DataTypeId type = DataTypeId::kLong;
  for (const RemoteColumn& remote : remote_columns(connection, table_of(options))) {
    if (lower_case(remote.name) == lower_case(*column)) type = remote.type.id();
  }
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
