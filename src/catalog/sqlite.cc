// See sqlite.h.
#include "catalog/sqlite.h"

#include <sqlite3.h>

#include <chrono>
#include <filesystem>
#include <system_error>
#include <thread>

#include "base/error.h"

namespace firn::catalog {

namespace {

constexpr int kBusyTimeoutMs = 10'000;

void make_parent_folder(const std::string& path) {
  const std::filesystem::path parent = std::filesystem::path(path).parent_path();
  if (parent.empty()) return;
  std::error_code problem;
  std::filesystem::create_directories(parent, problem);
  if (problem)
    throw_io("folder " + parent.string() + " of the catalog cannot be made: " + problem.message());
}

}  // namespace

void SqliteDatabase::Close::operator()(sqlite3* database) const { sqlite3_close_v2(database); }
void SqliteDatabase::Close::operator()(sqlite3_stmt* statement) const {
  sqlite3_finalize(statement);
}

SqliteDatabase::SqliteDatabase(std::string path) : path_(std::move(path)) {
  make_parent_folder(path_);
  sqlite3* opened = nullptr;
  const int code =
      sqlite3_open_v2(path_.c_str(), &opened,
                      SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, nullptr);
  database_.reset(opened);
  if (code != SQLITE_OK) fail("cannot be opened");
  sqlite3_extended_result_codes(opened, 1);
  sqlite3_busy_timeout(opened, kBusyTimeoutMs);
  use_wal();
  execute("PRAGMA synchronous = FULL");
}

// SQLite does not wait by itself for the lock that the first switch to WAL needs.
void SqliteDatabase::use_wal() {
  constexpr auto kPause = std::chrono::milliseconds(20);
  for (int waited_ms = 0;; waited_ms += 20) {
    try {
      execute("PRAGMA journal_mode = WAL");
      return;
    } catch (const Error& error) {
      if (error.code() != Code::kUnavailable || waited_ms >= kBusyTimeoutMs) throw;
    }
    std::this_thread::sleep_for(kPause);
  }
}

void SqliteDatabase::fail(const std::string& what) const {
  const int code = sqlite3_errcode(database_.get()) & 0xff;
  std::string message =
      "catalog file " + path_ + " " + what + ": " + sqlite3_errmsg(database_.get());
  const int number = sqlite3_system_errno(database_.get());
  if ((code == SQLITE_IOERR || code == SQLITE_CANTOPEN) && number != 0)
    message += " (" + std::generic_category().message(number) + ")";
  switch (code) {
    case SQLITE_FULL:
      throw Error("FIRN_RESOURCE", {{"what", message}});
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      throw Error("FIRN_UNAVAILABLE", {{"what", message}});
    case SQLITE_NOTADB:
    case SQLITE_CORRUPT:
      throw_corrupt(message);
    case SQLITE_READONLY:
    case SQLITE_PERM:
      throw Error("FIRN_PERMISSION", {{"what", message}});
    default:
      throw_io(message);
  }
}

void SqliteDatabase::execute(const std::string& sql) { query(sql); }

SqliteDatabase::Statement SqliteDatabase::prepare(const std::string& sql, const Binds& binds) {
  sqlite3_stmt* raw = nullptr;
  if (sqlite3_prepare_v2(database_.get(), sql.c_str(), static_cast<int>(sql.size()), &raw,
                         nullptr) != SQLITE_OK) {
    fail("cannot be used");
  }
  Statement statement(raw);
  for (size_t i = 0; i < binds.size(); ++i) {
    const int at = static_cast<int>(i) + 1;
    const int code = binds[i]
                         ? sqlite3_bind_text(raw, at, binds[i]->data(),
                                             static_cast<int>(binds[i]->size()), SQLITE_TRANSIENT)
                         : sqlite3_bind_null(raw, at);
    if (code != SQLITE_OK) fail("cannot be used");
  }
  return statement;
}

std::vector<SqliteDatabase::Row> SqliteDatabase::query(const std::string& sql, const Binds& binds) {
  const Statement statement = prepare(sql, binds);
  std::vector<Row> rows;
  int code;
  while ((code = sqlite3_step(statement.get())) == SQLITE_ROW) {
    Row row;
    for (int i = 0; i < sqlite3_column_count(statement.get()); ++i) {
      const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement.get(), i));
      row.push_back(text == nullptr ? std::nullopt
                                    : std::optional(std::string(
                                          text, sqlite3_column_bytes(statement.get(), i))));
    }
    rows.push_back(std::move(row));
  }
  if (code != SQLITE_DONE) fail("cannot be used");
  return rows;
}

SqliteDatabase::Written SqliteDatabase::run(const Write& write) {
  const Statement statement = prepare(write.sql, write.binds);
  const int code = sqlite3_step(statement.get());
  if ((code & 0xff) == SQLITE_CONSTRAINT)
    return {Outcome::kDuplicate, sqlite3_errmsg(database_.get())};
  if ((code & 0xff) == SQLITE_BUSY) return {Outcome::kBusy, sqlite3_errmsg(database_.get())};
  if (code != SQLITE_DONE) fail("cannot be written");
  if (write.must_match && sqlite3_changes(database_.get()) == 0)
    return {Outcome::kNoRow, "no such row"};
  return {Outcome::kDone, ""};
}

SqliteDatabase::Written SqliteDatabase::write(const std::vector<Write>& writes) {
  if (const Written begun = run({"BEGIN IMMEDIATE", {}, false}); begun.outcome != Outcome::kDone)
    return begun;
  const auto roll_back = [this] {
    sqlite3_exec(database_.get(), "ROLLBACK", nullptr, nullptr, nullptr);
  };
  try {
    for (const Write& write : writes) {
      const Written written = run(write);
      if (written.outcome == Outcome::kDone) continue;
      roll_back();
      return written;
    }
  } catch (...) {
    roll_back();
    throw;
  }
  const int code = sqlite3_exec(database_.get(), "COMMIT", nullptr, nullptr, nullptr);
  if (code == SQLITE_OK) return {Outcome::kDone, ""};
  const std::string reason = "catalog file " + path_ + ": " + sqlite3_errmsg(database_.get());
  roll_back();
  // A lock that could not be had leaves the file as it was; after anything else the log may hold
  // the commit.
  return {(code & 0xff) == SQLITE_BUSY ? Outcome::kBusy : Outcome::kUnknown, reason};
}

}  // namespace firn::catalog
