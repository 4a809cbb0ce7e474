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
    ${CMAKE_CURRENT_LIST_DIR}/bnn_columns.c
    ${CMAKE_CURRENT_LIST_DIR}/bnn_run.c
    ${CMAKE_CURRENT_LIST_DIR}/bnn_kernel_rows.c
    ${CMAKE_CURRENT_LIST_DIR}/bnn_kernel_bytes.c
    ${CMAKE_CURRENT_LIST_DIR}/bnn_kernel_columns.c
    ${CMAKE_CURRENT_LIST_DIR}/bnn_kernel_armv6m.S
)
target_include_directories(usermod_bnn INTERFACE ${CMAKE_CURRENT_LIST_DIR})
target_link_libraries(usermod INTERFACE usermod_bnn)

# Kernels run from RAM where flash is read through a cache.
if(DEFINED PICO_SDK_PATH OR DEFINED PICO_BOARD)
    target_compile_definitions(usermod_bnn INTERFACE BNN_KERNEL_SECTION=.time_critical.bnn)
elseif(DEFINED IDF_TARGET)
    target_compile_definitions(usermod_bnn INTERFACE BNN_KERNEL_SECTION=.iram1.bnn)
endif()
