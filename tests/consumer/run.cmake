# Installs modus into a staging folder, then configures, builds and runs a separate project against it.
# cmake -D BUILD=<build tree> -D SOURCE=<this folder> -D COMPILER=<c++> -P run.cmake
set(work ${BUILD}/consumer)
file(REMOVE_RECURSE ${work})
foreach(command
    "${CMAKE_COMMAND};--install;${BUILD};--prefix;${work}/stage"
    "${CMAKE_COMMAND};-G;Ninja;-S;${SOURCE};-B;${work}/build;-DCMAKE_PREFIX_PATH=${work}/stage;-DCMAKE_CXX_COMPILER=${COMPILER};-DCMAKE_CXX_FLAGS=${FLAGS}"
    "${CMAKE_COMMAND};--build;${work}/build"
    "${work}/build/consumer")
  execute_process(COMMAND ${command} RESULT_VARIABLE status)
  if(NOT status EQUAL 0)
    message(FATAL_ERROR "failed with ${status}: ${command}")
  endif()
endforeach()
message(STATUS "the consumer found the right answer")
