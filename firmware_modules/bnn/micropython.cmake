# The module for MicroPython's CMake ports (rp2, esp32), by way of ../micropython.cmake.
add_library(usermod_bnn INTERFACE)
target_sources(usermod_bnn INTERFACE
    ${CMAKE_CURRENT_LIST_DIR}/modbnn.c
    ${CMAKE_CURRENT_LIST_DIR}/bnn_load.c
    ${CMAKE_CURRENT_LIST_DIR}/bnn_layers.c
    ${CMAKE_CURRENT_LIST_DIR}/bnn_features.c
    ${CMAKE_CURRENT_LIST_DIR}/bnn_roots.c
    ${CMAKE_CURRENT_LIST_DIR}/bnn_text.c
    ${CMAKE_CURRENT_LIST_DIR}/bnn_encode.c
    ${CMAKE_CURRENT_LIST_DIR}/bnn_run.c
    ${CMAKE_CURRENT_LIST_DIR}/bnn_kernel_portable.c
)
target_include_directories(usermod_bnn INTERFACE ${CMAKE_CURRENT_LIST_DIR})
target_link_libraries(usermod INTERFACE usermod_bnn)
