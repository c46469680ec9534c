// Walks a plan for its scans.
#include "server/spark_connect/input_files.h"

#include <set>

#include "engine/table_source.h"
#include "plan/build.h"
#include "table/scan.h"

namespace firn::server::spark_connect {
namespace {

void collect(const plan::Relation& relation, std::set<std::string>& files) {
  if (const auto* scan = std::get_if<plan::FileScan>(&relation.node)) {
    files.insert(scan->paths.begin(), scan->paths.end());
  } else if (const auto* table = std::get_if<plan::TableScan>(&relation.node)) {
    const plan::TableSource& source = *table->source;
    table::ScanRequest request;
    request.snapshot_id = source.snapshot_id;
    const table::ScanPlan planned =
        table::plan_scan(*source.metadata, *source.store, request, source.manifests.get());
    for (const table::ScanTask& task : planned.tasks) files.insert(task.file->file_path);
  }
  for (const plan::RelationPtr& child : plan::children_of(relation)) collect(*child, files);
}

}  // namespace

std::vector<std::string> files_of(const plan::Relation& resolved) {
  std::set<std::string> files;
  collect(resolved, files);
  return {files.begin(), files.end()};
}

}  // namespace firn::server::spark_connect
