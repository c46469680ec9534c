// What a client's session keeps.
#include "server/spark_connect/client_session.h"

#include <spark/connect/relations.pb.h>

#include <algorithm>

#include "base/error.h"
#include "columnar/ipc.h"
#include "engine/chunk_builder.h"
#include "plan/build.h"
#include "server/spark_connect/messages.h"
#include "sql/parser.h"

namespace firn::server::spark_connect {
namespace {

constexpr size_t kMostErrors = 64;
constexpr size_t kMostAbandoned = 64;
constexpr size_t kMostDecoded = 64;
constexpr std::string_view kCachePrefix = "cache/";

void check_artifact_path(const std::string& name) {
  const bool relative = !name.empty() && name.front() != '/';
  if (!relative || ("/" + name + "/").find("/../") != std::string::npos)
    throw Error("INVALID_ARTIFACT_PATH", {{"name", name}});
}

void decode(columnar::IpcDecoder& decoder, std::vector<engine::Chunk>& chunks) {
  std::vector<types::DataType> types;
  for (const types::StructField& field : decoder.columns().fields()) types.push_back(field.type);
  engine::ChunkBuilder builder(types);
  while (decoder.next()) {
    for (uint64_t begin = 0; begin < decoder.rows(); begin += engine::kChunkRows) {
      const uint64_t count = std::min(engine::kChunkRows, decoder.rows() - begin);
      for (size_t i = 0; i < types.size(); ++i) decoder.write(i, begin, count, builder.column(i));
      chunks.push_back(builder.finish(count));
    }
  }
}

// DDL or JSON; nothing where the text is empty.
std::optional<types::DataType> schema_of(const std::string& text) {
  if (text.empty()) return std::nullopt;
  types::DataType schema = sql::parse_schema(text);
  if (schema.id() != types::DataTypeId::kStruct)
    throw_invalid("The schema of a local relation is no struct: " + text.substr(0, 200));
  return schema;
}

// Whether values of one type can be read as the other's as they are: names of fields, nullability
// and the range of intervals may differ.
bool has_layout_of(const types::DataType& given, const types::DataType& want) {
  using enum types::DataTypeId;
  if (given.id() != want.id()) return false;
  switch (want.id()) {
    case kDecimal:
      return given == want;
    case kArray:
      return has_layout_of(given.element(), want.element());
    case kMap:
      return has_layout_of(given.key(), want.key()) && has_layout_of(given.value(), want.value());
    case kStruct: {
      const auto& from = given.fields();
      const auto& to = want.fields();
      return from.size() == to.size() &&
             std::equal(from.begin(), from.end(), to.begin(),
                        [](const auto& a, const auto& b) { return has_layout_of(a.type, b.type); });
    }
    default:
      return true;
  }
}

}  // namespace

types::DataType columns_of(const std::vector<plan::Attribute>& output) {
  std::vector<types::StructField> fields;
  for (const plan::Attribute& attribute : output)
    fields.push_back({attribute.name, attribute.type, attribute.nullable});
  return types::DataType::structure(std::move(fields));
}

ClientSession::ClientSession(SessionKey key, session::Process process, conf::Conf conf)
    : key_(std::move(key)),
      server_side_id_(random_uuid(ids_)),
      session_(process, std::move(conf)),
      streams_(session_.streaming_queries()),
      last_use_(std::chrono::steady_clock::now()) {}
ClientSession::~ClientSession() { streams_->stop_all(); }  // their batches use what is below

// ---- Relations

ClientSession::Remote ClientSession::decoded(
    const std::vector<std::shared_ptr<const std::string>>& streams) {
  std::vector<engine::Chunk> chunks;
  std::optional<types::DataType> columns;
  for (const auto& bytes : streams) {
    columnar::IpcDecoder decoder(bytes);
    if (columns && !columns->same_ignoring_nullability(decoder.columns()))
      throw_corrupt("The Arrow streams of one local relation have different columns.");
    if (!columns) columns = decoder.columns();
    decode(decoder, chunks);
  }
  if (!columns) columns = types::DataType::structure({});
  std::vector<types::DataType> types;
  for (const types::StructField& field : columns->fields()) types.push_back(field.type);
  return {engine::make_row_set(std::move(types), std::move(chunks)), *columns};
}

// The rows as a relation with the columns of `schema`, by position; columns of other types are
// cast.
plan::RelationPtr ClientSession::relation_of(Remote rows,
                                             const std::optional<types::DataType>& schema) {
  if (schema && rows.columns.fields().empty() && rows.rows->rows == 0) {  // no data at all
    std::vector<types::DataType> types;
    for (const types::StructField& field : schema->fields()) types.push_back(field.type);
    rows = {engine::make_row_set(std::move(types), {}), *schema};
  }
  const std::vector<types::StructField>& given = rows.columns.fields();
  if (schema && schema->fields().size() != given.size()) {
    throw_invalid("A local relation has " + std::to_string(given.size()) +
                  " columns, and its schema " + std::to_string(schema->fields().size()) + ".");
  }
  const plan::ResolveOptions options = session_.resolve_options();
  const plan::CastMode mode = options.ansi ? plan::CastMode::kAnsi : plan::CastMode::kLegacy;
  std::vector<plan::Attribute> attributes;
  std::vector<plan::ExprPtr> columns;
  bool fits = true;
  for (size_t i = 0; i < given.size(); ++i) {
    const types::StructField& want = schema ? schema->fields()[i] : given[i];
    const bool same = has_layout_of(given[i].type, want.type);
    fits = fits && same;
    attributes.push_back(session_.column(want.name, same ? want.type : given[i].type,
                                         same ? want.nullable : given[i].nullable));
    const plan::ExprPtr column = plan::column(attributes.back());
    columns.push_back(
        same ? column
             : plan::alias(plan::cast(column, want.type, mode, false, {}, options.time_zone),
                           want.name, session_.ids().next()));
  }
  plan::RelationPtr relation =
      engine::row_set_relation(std::move(rows.rows), std::move(attributes));
  return fits ? relation : plan::project(std::move(columns), std::move(relation));
}

plan::RelationPtr ClientSession::local_rows(std::string_view arrow_ipc,
                                            const std::optional<types::DataType>& schema) {
  std::vector<std::shared_ptr<const std::string>> streams;
  if (!arrow_ipc.empty()) streams.push_back(std::make_shared<const std::string>(arrow_ipc));
  return relation_of(decoded(streams), schema);
}

std::shared_ptr<const std::string> ClientSession::cached_block(const std::string& hash) const {
  auto bytes = artifact(std::string(kCachePrefix) + hash);
  if (!bytes) {
    throw Error("FIRN_NOT_FOUND",
                {{"what", "The session has no cached local relation " + hash +
                              ": its data were not sent, or the session is a new one."}});
  }
  return bytes;
}

// The artifact is a whole LocalRelation message.
plan::RelationPtr ClientSession::cached_local(const std::string& hash) {
  auto found = decoded_.find(hash);
  if (found == decoded_.end()) {
    const auto message = parsed<::spark::connect::LocalRelation>(*cached_block(hash));
    std::vector<std::shared_ptr<const std::string>> streams;
    if (!message.data().empty())
      streams.push_back(std::make_shared<const std::string>(message.data()));
    found = remember_decoded(hash, {decoded(streams), schema_of(message.schema())});
  }
  return relation_of(found->second.rows, found->second.schema);
}

// Each data artifact is an Arrow stream; the schema is text.
plan::RelationPtr ClientSession::cached_local_chunks(
    const std::vector<std::string>& hashes, const std::optional<std::string>& schema_hash) {
  std::string key = schema_hash.value_or("");
  for (const std::string& hash : hashes) key += "," + hash;
  auto found = decoded_.find(key);
  if (found == decoded_.end()) {
    std::vector<std::shared_ptr<const std::string>> streams;
    for (const std::string& hash : hashes) streams.push_back(cached_block(hash));
    const auto text = schema_hash ? *cached_block(*schema_hash) : std::string();
    found = remember_decoded(key, {decoded(streams), schema_of(text)});
  }
  return relation_of(found->second.rows, found->second.schema);
}

std::map<std::string, ClientSession::Decoded>::iterator ClientSession::remember_decoded(
    const std::string& key, Decoded rows) {
  if (decoded_.size() >= kMostDecoded) decoded_.erase(decoded_.begin());
  return decoded_.insert_or_assign(key, std::move(rows)).first;
}

plan::RelationPtr ClientSession::cached_remote(const std::string& relation_id) {
  const auto found = remote_.find(relation_id);
  if (found == remote_.end()) {
    throw Error("FIRN_NOT_FOUND",
                {{"what", "No DataFrame with id " + relation_id + " is kept in this session."}});
  }
  std::vector<plan::Attribute> attributes;
  for (const types::StructField& field : found->second.columns.fields())
    attributes.push_back(session_.column(field.name, field.type, field.nullable));
  return engine::row_set_relation(found->second.rows, std::move(attributes));
}

void ClientSession::keep_remote(const std::string& relation_id,
                                std::shared_ptr<const plan::RowSet> rows,
                                const types::DataType& columns) {
  remote_[relation_id] = {std::move(rows), columns};
}
void ClientSession::drop_remote(const std::string& relation_id) { remote_.erase(relation_id); }

// ---- Artifacts

void ClientSession::keep_artifact(const std::string& name, std::string bytes) {
  check_artifact_path(name);
  const std::lock_guard<std::mutex> lock(mutex_);
  auto kept = std::make_shared<const std::string>(std::move(bytes));
  const auto found = artifacts_.find(name);
  if (found != artifacts_.end() && *found->second != *kept && !name.starts_with(kCachePrefix))
    throw Error("ARTIFACT_ALREADY_EXISTS", {{"normalizedRemoteRelativePath", name}});
  if (PythonFolder::takes(name)) python_folder_.add(name, *kept);
  artifacts_[name] = std::move(kept);
}

bool ClientSession::has_artifact(const std::string& name) const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return artifacts_.contains(name);
}

std::shared_ptr<const std::string> ClientSession::artifact(const std::string& name) const {
  const std::lock_guard<std::mutex> lock(mutex_);
  const auto found = artifacts_.find(name);
  return found == artifacts_.end() ? nullptr : found->second;
}

std::vector<std::string> ClientSession::artifact_names() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  std::vector<std::string> names;
  for (const auto& [name, bytes] : artifacts_) names.push_back(name);
  return names;
}

// ---- Operations

void ClientSession::add_operation(const std::shared_ptr<Operation>& operation) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (closed_) throw Error("INVALID_HANDLE.SESSION_CLOSED", {{"handle", key_.id}});
  if (!operations_.emplace(operation->id(), operation).second)
    throw Error("INVALID_HANDLE.OPERATION_ALREADY_EXISTS", {{"handle", operation->id()}});
}

std::shared_ptr<Operation> ClientSession::find_operation(const std::string& id) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (const auto found = operations_.find(id); found != operations_.end()) return found->second;
  if (std::find(abandoned_.begin(), abandoned_.end(), id) != abandoned_.end())
    throw Error("INVALID_HANDLE.OPERATION_ABANDONED", {{"handle", id}});
  return nullptr;
}

void ClientSession::remove_operation(const std::string& id, bool abandoned) {
  std::shared_ptr<Operation> removed;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    const auto found = operations_.find(id);
    if (found == operations_.end()) return;
    removed = std::move(found->second);
    operations_.erase(found);
    if (abandoned) {
      abandoned_.push_back(id);
      if (abandoned_.size() > kMostAbandoned) abandoned_.pop_front();
    }
  }
  removed->interrupt();
}

std::vector<std::shared_ptr<Operation>> ClientSession::operations() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  std::vector<std::shared_ptr<Operation>> all;
  for (const auto& [id, operation] : operations_) all.push_back(operation);
  return all;
}

void ClientSession::close() {
  std::map<std::string, std::shared_ptr<Operation>> running;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    closed_ = true;
    running.swap(operations_);
  }
  for (const auto& [id, operation] : running) operation->interrupt();
  streams_->close_bus();
  streams_->stop_all();
}

// ---- Errors

std::string ClientSession::keep_error(const Error& error) {
  const std::lock_guard<std::mutex> lock(mutex_);
  std::string id = random_uuid(ids_);
  errors_.emplace_back(id, error);
  if (errors_.size() > kMostErrors) errors_.pop_front();
  return id;
}

std::optional<Error> ClientSession::find_error(const std::string& id) const {
  const std::lock_guard<std::mutex> lock(mutex_);
  for (const auto& [kept, error] : errors_) {
    if (kept == id) return error;
  }
  return std::nullopt;
}

std::string ClientSession::new_id() { return random_uuid(ids_); }

void ClientSession::touch() {
  const std::lock_guard<std::mutex> lock(mutex_);
  last_use_ = std::chrono::steady_clock::now();
}
std::chrono::steady_clock::time_point ClientSession::last_use() const {
  if (!streams_->active().empty()) return std::chrono::steady_clock::now();
  const std::lock_guard<std::mutex> lock(mutex_);
  return last_use_;
}

}  // namespace firn::server::spark_connect
