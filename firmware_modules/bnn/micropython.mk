# The module for MicroPython's make ports: make USER_C_MODULES=<repo>/firmware_modules
BNN_DIR := $(USERMOD_DIR)
SRC_USERMOD_C += $(BNN_DIR)/modbnn.c
# The core is all of bnn_*: what is for one instruction set is empty for the others.
SRC_USERMOD_LIB_C += $(sort $(wildcard $(BNN_DIR)/bnn_*.c))
SRC_USERMOD_LIB_ASM += $(sort $(wildcard $(BNN_DIR)/bnn_*.S))
CFLAGS_USERMOD += -I$(BNN_DIR)
