# The module for MicroPython's make ports: make USER_C_MODULES=<repo>/firmware_modules
BNN_DIR := $(USERMOD_DIR)
SRC_USERMOD_C += $(BNN_DIR)/modbnn.c
SRC_USERMOD_LIB_C += $(addprefix $(BNN_DIR)/, \
	bnn_load.c bnn_layers.c bnn_features.c bnn_roots.c bnn_text.c bnn_encode.c \
	bnn_columns.c bnn_run.c \
	bnn_kernel_rows.c bnn_kernel_bytes.c bnn_kernel_columns.c)
SRC_USERMOD_LIB_ASM += $(BNN_DIR)/bnn_kernel_armv6m.S
CFLAGS_USERMOD += -I$(BNN_DIR)
