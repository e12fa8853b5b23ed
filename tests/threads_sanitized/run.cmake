# Builds modus and tests/infer/threads_test.cpp with ThreadSanitizer and runs the test: some four minutes of two cores
# the first time, then what has changed. Says "skipped" where a program with ThreadSanitizer cannot be built or started.
# cmake -D BUILD=<where> -D SOURCE=<this folder> -D COMPILER=<c++> -P run.cmake
file(WRITE ${BUILD}/works.cpp "int main() {}\n")
foreach(command "${COMPILER};-fsanitize=thread;${BUILD}/works.cpp;-o;${BUILD}/works" "${BUILD}/works")
  execute_process(COMMAND ${command} RESULT_VARIABLE status OUTPUT_QUIET ERROR_QUIET)
  if(NOT status EQUAL 0)
    message(STATUS "skipped: ${COMPILER} has no ThreadSanitizer that works here")
    return()
  endif()
endforeach()

find_program(symbolizer NAMES llvm-symbolizer-19 llvm-symbolizer) # for names in the reports
if(symbolizer)
  set(ENV{TSAN_OPTIONS} "external_symbolizer_path=${symbolizer} $ENV{TSAN_OPTIONS}")
endif()
foreach(command
    "${CMAKE_COMMAND};-G;Ninja;-S;${SOURCE};-B;${BUILD};-DCMAKE_CXX_COMPILER=${COMPILER};-DCMAKE_BUILD_TYPE=Debug;-DCMAKE_CXX_FLAGS=-fsanitize=thread;-DCMAKE_CXX_FLAGS_DEBUG=-O0 -gline-tables-only"
    "${CMAKE_COMMAND};--build;${BUILD};--target;threads"
    "${BUILD}/threads")
  execute_process(COMMAND ${command} RESULT_VARIABLE status)
  if(NOT status EQUAL 0)
    message(FATAL_ERROR "failed with ${status}: ${command}")
  endif()
endforeach()
