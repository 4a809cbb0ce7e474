# The names of the fuzzed code in the firmware's sorted table: MicroPython looks for each new string
# there, and searches names that it has met only at run time one by one. The code itself is read
# from its files, which MICROPYPATH names.
# (Without line_reader.py, whose native code would need this computer's kind.)
for name in ("commands", "model_manager", "model_store", "push", "receiver", "signature"):
    module(f"xnornode/{name}.py", base_path="../../../../device")  # noqa: F821
for name in ("fuzz_lines", "host_lines", "ramfiles"):
    module(f"{name}.py", base_path="../../node_scripts")  # noqa: F821
