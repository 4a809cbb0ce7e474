# The module for MicroPython's CMake ports (rp2, esp32), by way of ../micropython.cmake.
add_library(usermod_bnn INTERFACE)
# The core is all of bnn_*: what is for one instruction set is empty for the others.
file(GLOB BNN_CORE CONFIGURE_DEPENDS
    ${CMAKE_CURRENT_LIST_DIR}/bnn_*.c ${CMAKE_CURRENT_LIST_DIR}/bnn_*.S)
target_sources(usermod_bnn INTERFACE ${CMAKE_CURRENT_LIST_DIR}/modbnn.c ${BNN_CORE})
target_include_directories(usermod_bnn INTERFACE ${CMAKE_CURRENT_LIST_DIR})
target_link_libraries(usermod INTERFACE usermod_bnn)

# Kernels run from RAM where flash is read through a cache.
if(DEFINED PICO_SDK_PATH OR DEFINED PICO_BOARD)
    target_compile_definitions(usermod_bnn INTERFACE BNN_KERNEL_SECTION=.time_critical.bnn)
elseif(DEFINED IDF_TARGET)
    target_compile_definitions(usermod_bnn INTERFACE BNN_KERNEL_SECTION=.iram1.bnn)
endif()
