# The module for MicroPython's CMake ports (rp2, esp32), by way of ../micropython.cmake.
add_library(usermod_bnn INTERFACE)
set(BNN_FOLDERS ${CMAKE_CURRENT_LIST_DIR}/core ${CMAKE_CURRENT_LIST_DIR}/kernels)
file(GLOB BNN_BINDING CONFIGURE_DEPENDS ${CMAKE_CURRENT_LIST_DIR}/modbnn*.c)
# Kernels for one instruction set are empty files for the others.
file(GLOB BNN_SOURCES CONFIGURE_DEPENDS
    ${CMAKE_CURRENT_LIST_DIR}/core/*.c ${CMAKE_CURRENT_LIST_DIR}/kernels/*.[cS])
target_sources(usermod_bnn INTERFACE ${BNN_BINDING} ${BNN_SOURCES})
target_include_directories(usermod_bnn INTERFACE ${BNN_FOLDERS})
target_link_libraries(usermod INTERFACE usermod_bnn)

# Kernels run from RAM where flash is read through a cache.
if(DEFINED PICO_SDK_PATH OR DEFINED PICO_BOARD)
    target_compile_definitions(usermod_bnn INTERFACE BNN_KERNEL_SECTION=.time_critical.bnn)
elseif(DEFINED IDF_TARGET)
    target_compile_definitions(usermod_bnn INTERFACE BNN_KERNEL_SECTION=.iram1.bnn)
endif()
