# The module for MicroPython's make ports: make USER_C_MODULES=<repo>/firmware_modules
BNN_DIR := $(USERMOD_DIR)
BNN_FOLDERS := $(BNN_DIR)/core $(BNN_DIR)/kernels
SRC_USERMOD_C += $(sort $(wildcard $(BNN_DIR)/modbnn*.c))
# Kernels for one instruction set are empty files for the others.
SRC_USERMOD_LIB_C += $(sort $(wildcard $(addsuffix /*.c,$(BNN_FOLDERS))))
SRC_USERMOD_LIB_ASM += $(sort $(wildcard $(addsuffix /*.S,$(BNN_FOLDERS))))
CFLAGS_USERMOD += $(addprefix -I,$(BNN_FOLDERS))
