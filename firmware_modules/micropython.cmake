# Every C module of XnorNode: -DUSER_C_MODULES=<repo>/firmware_modules/micropython.cmake
include(${CMAKE_CURRENT_LIST_DIR}/bnn/micropython.cmake)
