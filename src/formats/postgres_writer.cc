// Rows into a table of PostgreSQL: COPY in one transaction.
#include <map>
#include <utility>

#include "base/error.h"
#include "formats/postgres.h"
#include "formats/postgres_connection.h"
#include "kernels/value_text.h"

namespace firn::formats {
namespace {

using kernels::ColumnView;
using types::DataType;
using types::DataTypeId;

struct WrittenType {
  DataTypeId id;
  const char* sql;
};
constexpr WrittenType kWrittenTypes[] = {
    {DataTypeId::kString, "TEXT"},         {DataTypeId::kBinary, "BYTEA"},
    {DataTypeId::kBoolean, "BOOLEAN"},     {DataTypeId::kByte, "SMALLINT"},
    {DataTypeId::kShort, "SMALLINT"},      {DataTypeId::kInteger, "INTEGER"},
    {DataTypeId::kLong, "BIGINT"},         {DataTypeId::kFloat, "FLOAT4"},
    {DataTypeId::kDouble, "FLOAT8"},       {DataTypeId::kDate, "DATE"},
    {DataTypeId::kTimestamp, "TIMESTAMP"}, {DataTypeId::kTimestampNtz, "TIMESTAMP"},
};

std::string remote_type(const DataType& type, const std::string& column) {
  for (const WrittenType& row : kWrittenTypes) {
    if (row.id == type.id()) return row.sql;
  }
  if (type.id() == DataTypeId::kDecimal)
    return "NUMERIC(" + std::to_string(type.precision()) + "," + std::to_string(type.scale()) + ")";
  if (type.id() == DataTypeId::kArray) return remote_type(type.element(), column) + "[]";
  throw_invalid("Can't get JDBC type for " + type.simple_string() + " (column " + column + ")");
}

// createTableColumnTypes: "name VARCHAR(64), age SMALLINT", by lower-case name.
std::map<std::string, std::string> column_types(const Options& options) {
  std::map<std::string, std::string> types;
  const std::string text = options.text("createTableColumnTypes", "") + ",";
  std::string item;
  int depth = 0;
  for (const char c : text) {
    depth += c == '(' ? 1 : c == ')' ? -1 : 0;
    if (c != ',' || depth > 0) {
      item += c;
      continue;
    }
    const size_t first = item.find_first_not_of(' ');
    const size_t blank = item.find(' ', first);
    if (first != std::string::npos && blank != std::string::npos) {
      std::string name = item.substr(first, blank - first);
      if (name.starts_with('`')) name = name.substr(1, name.size() - 2);
      types[lower_case(name)] = item.substr(blank + 1);
    }
    item.clear();
  }
  return types;
}

class PostgresWriter final : public JdbcTableWriter {
 public:
  PostgresWriter(std::unique_ptr<PostgresConnection> connection, const Options& options,
                 const DataType& schema, bool transaction)
      : connection_(std::move(connection)),
        schema_(schema),
        zone_(options.zone()),
        transaction_(transaction) {
    std::string columns;
    for (const types::StructField& field : schema.fields())
      columns += (columns.empty() ? "" : ", ") + connection_->quoted(field.name);
    connection_->run("COPY " + options.text("dbtable", "") + " (" + columns + ") FROM STDIN");
  }
  ~PostgresWriter() override {
    if (finished_) return;
    PQputCopyEnd(connection_->get(), "the write was given up");  // the server rolls back
  }

  void write(std::span<const ColumnView> columns, uint64_t rows) override {
    std::string value;
    for (uint64_t row = 0; row < rows; ++row) {
      for (size_t i = 0; i < columns.size(); ++i) {
        if (i > 0) text_ += '\t';
        if (!columns[i].is_valid(row)) {
          text_ += "\\N";
          continue;
        }
        value.clear();
        append_value(value, columns[i], row, schema_.fields()[i].type);
        append_escaped(value);
      }
      text_ += '\n';
      if (text_.size() > (256 << 10)) flush();
    }
  }
  void finish() override {
    flush();
    if (PQputCopyEnd(connection_->get(), nullptr) != 1) connection_->fail("COPY");
    for (;;) {
      const PostgresResult result(PQgetResult(connection_->get()), PQclear);
      if (!result) break;
      if (PQresultStatus(result.get()) != PGRES_COMMAND_OK) {
        finished_ = true;  // the copy is over: the server rolls back when the connection closes
        connection_->fail("COPY");
      }
    }
    finished_ = true;
    if (transaction_) connection_->run("COMMIT");
  }

 private:
  void append_value(std::string& out, const ColumnView& column, uint64_t row,
                    const DataType& type) {
    if (type.id() == DataTypeId::kBinary) {
      static constexpr char kHex[] = "0123456789abcdef";
      out += "\\x";
      for (const char c : column.values<kernels::StringRef>()[row].view()) {
        out += kHex[static_cast<unsigned char>(c) >> 4];
        out += kHex[c & 15];
      }
      return;
    }
    if (type.id() != DataTypeId::kArray)
      return kernels::append_text(out, column, row, type, {zone_.get(), true});
    const kernels::ListEntry entry = column.values<kernels::ListEntry>()[row];
    out += '{';
    for (uint64_t i = entry.offset; i < entry.offset + entry.length; ++i) {
      if (i > entry.offset) out += ',';
      if (!column.children[0].is_valid(i)) {
        out += "NULL";
        continue;
      }
      std::string element;
      append_value(element, column.children[0], i, type.element());
      const bool nested = type.element().id() == DataTypeId::kArray;
      if (!nested) out += '"';
      for (const char c : element) {
        if (!nested && (c == '"' || c == '\\')) out += '\\';
        out += c;
      }
      if (!nested) out += '"';
    }
    out += '}';
  }
  void append_escaped(const std::string& value) {
    for (const char c : value) {
      switch (c) {
        case '\\':
          text_ += "\\\\";
          break;
        case '\t':
          text_ += "\\t";
          break;
        case '\n':
          text_ += "\\n";
          break;
        case '\r':
          text_ += "\\r";
          break;
        default:
          text_ += c;
      }
    }
  }
  void flush() {
    if (text_.empty()) return;
    if (PQputCopyData(connection_->get(), text_.data(), static_cast<int>(text_.size())) != 1)
      connection_->fail("COPY");
    text_.clear();
  }

  std::unique_ptr<PostgresConnection> connection_;
  const DataType schema_;
  const std::shared_ptr<const kernels::TimeZone> zone_;
  const bool transaction_;
  std::string text_;
  bool finished_ = false;
};

bool table_exists(PostgresConnection& connection, const std::string& table) {
  const PostgresResult result(
      PQexec(connection.get(), ("SELECT 1 FROM " + table + " WHERE 1=0").c_str()), PQclear);
  return PQresultStatus(result.get()) == PGRES_TUPLES_OK;
}

struct IsolationRow {
  const char* option;
  const char* sql;
};
constexpr IsolationRow kIsolation[] = {
    {"read_uncommitted", "READ UNCOMMITTED"},
    {"read_committed", "READ COMMITTED"},
    {"repeatable_read", "REPEATABLE READ"},
    {"serializable", "SERIALIZABLE"},
};

std::string isolation_of(const Options& options) {
  const std::string level = lower_case(options.text("isolationLevel", "read_uncommitted"));
  if (level == "none") return "";
  for (const IsolationRow& row : kIsolation) {
    if (level == row.option) return row.sql;
  }
  throw_invalid("Invalid value '" + level +
                "' for the option isolationLevel. It can be NONE, "
                "READ_UNCOMMITTED, READ_COMMITTED, REPEATABLE_READ or SERIALIZABLE.");
}

}  // namespace

std::unique_ptr<JdbcTableWriter> write_jdbc(const Options& options, const DataType& schema,
                                            JdbcMode mode) {
  const auto table = options.find("dbtable");
  if (!table || table->empty()) throw_invalid("Option 'dbtable' is required.");
  if (const int64_t size = options.number("batchsize", 1000); size < 1)
    throw_invalid("Invalid value `" + std::to_string(size) +
                  "` for parameter `batchsize`. The minimum value is 1.");
  std::string definition;
  const std::map<std::string, std::string> types = column_types(options);
  auto connection = std::make_unique<PostgresConnection>(options);
  for (const types::StructField& field : schema.fields()) {
    const auto own = types.find(lower_case(field.name));
    definition += (definition.empty() ? "" : ", ") + connection->quoted(field.name) + " " +
                  (own != types.end() ? own->second : remote_type(field.type, field.name));
  }
  const bool exists = table_exists(*connection, *table);
  if (exists && mode == JdbcMode::kIgnore) return nullptr;
  if (exists && mode == JdbcMode::kErrorIfExists)
    throw Error("TABLE_OR_VIEW_ALREADY_EXISTS", {{"relationName", *table}});
  const std::string isolation = isolation_of(options);
  if (!isolation.empty()) connection->run("BEGIN ISOLATION LEVEL " + isolation);
  bool create = !exists;
  if (exists && mode == JdbcMode::kOverwrite) {
    if (options.flag("truncate", false)) {
      connection->run("TRUNCATE TABLE ONLY " + *table +
                      (options.flag("cascadeTruncate", false) ? " CASCADE" : ""));
    } else {
      connection->run("DROP TABLE " + *table);
      create = true;
    }
  }
  if (create)
    connection->run("CREATE TABLE " + *table + " (" + definition + ") " +
                    options.text("createTableOptions", ""));
  return std::make_unique<PostgresWriter>(std::move(connection), options, schema,
                                          !isolation.empty());
}

}  // namespace firn::formats
