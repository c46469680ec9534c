// A server of Iceberg's REST catalog protocol.
#include "base/error.h"
#include "catalog/catalog.h"

namespace firn::catalog {

std::unique_ptr<Catalog> open_rest_catalog(const ServiceCatalogOptions& options,
                                           files::FileStore&) {
  throw_unsupported("the REST catalog " + options.name);
}

}  // namespace firn::catalog
