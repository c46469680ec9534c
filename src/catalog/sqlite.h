// A thin owner of one SQLite connection and its statements: errors become firn::Error that names
// the file.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

struct sqlite3;
struct sqlite3_stmt;

namespace firn::catalog {

// Not thread-safe: its owner locks.
class SqliteDatabase {
 public:
  // Creates file and parent folder where they are missing. WAL with full sync: readers of other
  // processes never block, and what is committed survives a power cut. Waits up to 10 s for another
  // process's lock.
  explicit SqliteDatabase(std::string path);

  using Row = std::vector<std::optional<std::string>>;  // SQL NULL: nullopt
  using Binds = std::vector<std::optional<std::string>>;
  std::vector<Row> query(const std::string& sql, const Binds& binds = {});

  enum class Outcome {
    kDone,
    kNoRow,      // nothing matched, nothing changed
    kDuplicate,  // a unique constraint forbids it, nothing changed
    kBusy,       // another process held the lock all the time, nothing changed
    kUnknown,    // COMMIT failed: it may be in the file or not
  };
  struct Written {
    Outcome outcome;
    std::string reason;  // SQLite's words where it is not done
  };
  struct Write {
    std::string sql;
    Binds binds;
    bool must_match = true;  // kNoRow (and nothing at all is changed) where it changes no row
  };
  // All in one transaction, which is held for these statements only.
  Written write(const std::vector<Write>& writes);
  void execute(const std::string& sql);

 private:
  struct Close {
    void operator()(sqlite3* database) const;
    void operator()(sqlite3_stmt* statement) const;
  };
  using Statement = std::unique_ptr<sqlite3_stmt, Close>;
  void use_wal();
  Statement prepare(const std::string& sql, const Binds& binds);
  Written run(const Write& write);
  [[noreturn]] void fail(const std::string& what) const;

  const std::string path_;
  std::unique_ptr<sqlite3, Close> database_;
};

}  // namespace firn::catalog
