# firn_embed(TARGET HEADER FUNCTION FILE): the text of FILE as `std::string_view firn::…FUNCTION()`, which HEADER
# declares. The file stays the only source: when it changes, it is embedded anew.
function(firn_embed target header function file)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/${file}")
  file(READ "${PROJECT_SOURCE_DIR}/${file}" content)
  get_filename_component(name "${file}" NAME_WE)
  set(generated "${PROJECT_BINARY_DIR}/embedded/${target}_${name}.cc")
  file(CONFIGURE OUTPUT "${generated}" @ONLY CONTENT
"// The text of @file@.
#include \"@header@\"

std::string_view @function@() {
  return R\"firn(@content@)firn\";
}
")
  target_sources(${target} PRIVATE "${generated}")
endfunction()
