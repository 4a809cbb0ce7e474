# The module for MicroPython's make ports: make USER_C_MODULES=<repo>/firmware_modules
BNN_DIR := $(USERMOD_DIR)
SRC_USERMOD_C += $(BNN_DIR)/modbnn.c
SRC_USERMOD_LIB_C += $(addprefix $(BNN_DIR)/, \
	bnn_load.c bnn_layers.c bnn_features.c bnn_roots.c bnn_text.c bnn_encode.c \
	bnn_run.c bnn_kernel_portable.c)
CFLAGS_USERMOD += -I$(BNN_DIR)
