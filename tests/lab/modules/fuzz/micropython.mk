# Only in the firmware unix-fuzz: libFuzzer, and bnn as ever.
SRC_USERMOD_C += $(USERMOD_DIR)/modfuzz.c
USERMOD_DIR := $(abspath $(USERMOD_DIR)/../../../../firmware_modules/bnn)
include $(USERMOD_DIR)/micropython.mk
