# SparkConnect::protos: C++ of Spark Connect's messages (spark/connect/*.pb.h), generated from the descriptors in
# SparkConnect_ROOT or .deps/spark-connect into <build>/protos. No gRPC services: the server takes raw messages.
# Its own library, unoptimised: what is hot in it is a few field accesses a query.
find_package(Protobuf REQUIRED)
find_file(SPARK_CONNECT_DESCRIPTORS spark_connect.desc
  HINTS "${SparkConnect_ROOT}" "${PROJECT_SOURCE_DIR}/.deps/spark-connect")
if(NOT SPARK_CONNECT_DESCRIPTORS)
  message(FATAL_ERROR "the descriptors of Spark Connect are missing: run ./dev setup, or give SparkConnect_ROOT")
endif()
mark_as_advanced(SPARK_CONNECT_DESCRIPTORS)

set(_names base catalog commands common expressions ml ml_common pipelines relations types)
set(_out "${CMAKE_BINARY_DIR}/protos")
list(TRANSFORM _names REPLACE "(.+)" "spark/connect/\\1.proto" OUTPUT_VARIABLE _files)
list(TRANSFORM _names REPLACE "(.+)" "${_out}/spark/connect/\\1.pb.cc" OUTPUT_VARIABLE _sources)
list(TRANSFORM _names REPLACE "(.+)" "${_out}/spark/connect/\\1.pb.h" OUTPUT_VARIABLE _headers)
file(MAKE_DIRECTORY "${_out}")
# What the files import from protobuf's own is not among Spark's descriptors.
add_custom_command(
  OUTPUT ${_sources} ${_headers}
  COMMAND protobuf::protoc "--proto_path=$<TARGET_PROPERTY:protobuf::libprotobuf,INTERFACE_INCLUDE_DIRECTORIES>"
    --include_imports -o "${_out}/imports.desc" google/protobuf/any.proto google/protobuf/timestamp.proto
  COMMAND protobuf::protoc "--descriptor_set_in=${_out}/imports.desc:${SPARK_CONNECT_DESCRIPTORS}"
    "--cpp_out=${_out}" ${_files}
  DEPENDS "${SPARK_CONNECT_DESCRIPTORS}"
  COMMENT "Generating C++ of Spark Connect's messages"
  VERBATIM)

# Two sources include all others: the headers are parsed twice instead of ten times. Generated files have two names in
# common, which become their own.
set(_unity "${CMAKE_BINARY_DIR}/protos/unity")
function(spark_connect_unity out)
  set(text "#include \"spark/connect/base.pb.h\"\n")
  foreach(name IN LISTS ARGN)
    string(APPEND text "#define schemas schemas_${name}\n#define file_default_instances instances_${name}\n"
      "#include \"spark/connect/${name}.pb.cc\"\n#undef schemas\n#undef file_default_instances\n")
  endforeach()
  file(CONFIGURE OUTPUT "${out}" CONTENT "${text}" @ONLY)
endfunction()
spark_connect_unity("${_unity}_1.cc" base catalog common ml_common)
spark_connect_unity("${_unity}_2.cc" relations commands expressions ml pipelines types)
set_source_files_properties("${_unity}_1.cc" "${_unity}_2.cc" PROPERTIES OBJECT_DEPENDS "${_sources}")
set_source_files_properties(${_sources} PROPERTIES HEADER_FILE_ONLY ON)

add_library(spark_connect_protos STATIC "${_unity}_1.cc" "${_unity}_2.cc" ${_sources})
add_library(SparkConnect::protos ALIAS spark_connect_protos)
target_include_directories(spark_connect_protos SYSTEM PUBLIC "${_out}")
target_link_libraries(spark_connect_protos PUBLIC protobuf::libprotobuf)
target_compile_options(spark_connect_protos PRIVATE -w -O0)
if(FIRN_SANITIZE)
  target_compile_options(spark_connect_protos PRIVATE -fsanitize=${FIRN_SANITIZE} -fno-sanitize=vptr)
endif()
