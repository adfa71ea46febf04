#!/usr/bin/env python3
"""Lunette from Python, with nothing but ctypes: a script runs within limits, calls back into Python, and its answer comes
back as JSON. It shows that the ABI serves other languages.

Structs are those of <lunette/*.h>, field by field; those that a host fills begin with their size and may be given in the
size known here, for later versions only add fields at the end. Zero means "the default" everywhere.

    python3 from_python.py [path of liblunette.so]
"""

import ctypes
import json
import sys
from ctypes import CFUNCTYPE, POINTER, Structure, Union, byref, c_bool, c_char_p, c_int, c_int64, c_size_t
from ctypes import c_double, c_uint32, c_uint64, c_void_p, sizeof

OK, TIME_LIMIT, ZERO_TERMINATED = 0, 4, ctypes.c_size_t(-1).value
INTEGER, STRING = 2, 4


class String(Structure):
    _fields_ = [("bytes", c_char_p), ("size", c_size_t)]


class Content(Union):
    _fields_ = [("boolean", c_bool), ("integer", c_int64), ("number", c_double), ("string", String)]


class Value(Structure):  # lunette_value
    _fields_ = [("type", c_int), ("content", Content)]


class Bounds(Structure):  # lunette_bounds
    _fields_ = [("depth", c_size_t), ("items", c_size_t), ("bytes", c_size_t), ("cut", c_bool)]


class Limits(Structure):  # lunette_limits, as far as it is needed here
    _fields_ = [("size", c_size_t), ("memory", c_uint64), ("wall_ns", c_uint64)]


class RunOptions(Structure):  # lunette_run_options, likewise
    _fields_ = [("size", c_size_t), ("arguments", POINTER(Value)), ("argument_count", c_size_t),
                ("limits", POINTER(Limits)), ("bounds", Bounds)]


HostFunction = CFUNCTYPE(c_int, c_void_p, c_void_p)


class Function(Structure):  # lunette_function
    _fields_ = [("name", c_char_p), ("call", HostFunction), ("call_values", c_void_p), ("min_arguments", c_int),
                ("max_arguments", c_int), ("parameters", c_char_p), ("returns", c_char_p), ("description", c_char_p),
                ("needs", c_uint32), ("suspends", c_bool), ("reserved", c_void_p * 4)]


class Module(Structure):  # lunette_module, as far as it is needed here
    _fields_ = [("size", c_size_t), ("name", c_char_p), ("version", c_char_p), ("description", c_char_p),
                ("functions", POINTER(Function)), ("function_count", c_size_t)]


class TemplateConfig(Structure):  # lunette_template_config, likewise
    _fields_ = [("size", c_size_t), ("preload", c_void_p), ("preload_count", c_size_t),
                ("modules", POINTER(POINTER(Module))), ("module_count", c_size_t)]


class Lunette:
    """The library, and the one check that every call needs."""

    def __init__(self, path):
        self.library = ctypes.CDLL(path)
        self.library.lunette_last_failure.restype = c_char_p
        self.library.lunette_error_text.argtypes = [c_void_p, POINTER(c_void_p)]
        self.library.lunette_context_error.restype = c_void_p
        for name in ("lunette_arg_integer", "lunette_return_integer"):
            getattr(self.library, name).argtypes = None

    def call(self, name, *arguments):
        status = getattr(self.library, name)(*arguments)
        if status < 0:
            raise RuntimeError(f"{name}: {self.library.lunette_last_failure().decode()}")
        return status


def text_of(lunette, function, *arguments):
    """A text that the library makes, copied and freed."""
    text = c_void_p()
    lunette.call(function, *arguments, byref(text))
    copy = ctypes.string_at(text).decode()
    lunette.library.lunette_string_free(byref(text))
    return copy


def run(lunette, context, script, *arguments, ms=100):
    """The script's results as Python has them, or its status."""
    values = (Value * len(arguments))()
    for value, argument in zip(values, arguments):
        value.type, value.content.integer = INTEGER, argument
    limits = Limits(sizeof(Limits), 0, ms * 1_000_000)
    options = RunOptions(sizeof(RunOptions), values, len(arguments), ctypes.pointer(limits))
    results = c_void_p()
    status = lunette.call("lunette_context_run", context, b"python", script.encode(), c_size_t(ZERO_TERMINATED),
                          byref(options), byref(results))
    if status != OK:
        return status
    answer = json.loads(text_of(lunette, "lunette_value_json", results))
    lunette.library.lunette_value_free(byref(results))
    return answer


def main():
    lunette = Lunette(sys.argv[1] if len(sys.argv) > 1 else "liblunette.so.0")

    @HostFunction
    def double(_, call):
        number = c_int64()
        status = lunette.library.lunette_arg_integer(c_void_p(call), 1, byref(number))
        if status == OK:
            status = lunette.library.lunette_return_integer(c_void_p(call), c_int64(number.value * 2))
        return status

    functions = (Function * 1)(Function(b"double", double, None, 1, 1))
    module = Module(sizeof(Module), b"", None, None, functions, 1)
    modules = (POINTER(Module) * 1)(ctypes.pointer(module))
    config = TemplateConfig(sizeof(TemplateConfig), None, 0, modules, 1)

    engine, template, context = c_void_p(), c_void_p(), c_void_p()
    lunette.call("lunette_engine_open", None, byref(engine))
    lunette.call("lunette_template_open", engine, byref(config), byref(template))
    lunette.call("lunette_context_acquire_from", template, c_uint64(0), byref(context))

    answer = run(lunette, context, "local a, b = ... return double(a) + b, {moon = {1, 2.5, 'x'}}", 20, 2)
    print("answer:", answer)
    wrong = run(lunette, context, "return double('many')")
    print("error:", text_of(lunette, "lunette_error_text", c_void_p(lunette.library.lunette_context_error(context))))
    late = run(lunette, context, "while true do pcall(error) end", ms=20)
    print("a loop without end:", "time limit" if late == TIME_LIMIT else late)

    lunette.library.lunette_context_release(byref(context))
    lunette.library.lunette_template_close(byref(template))
    lunette.library.lunette_engine_close(byref(engine))
    sys.exit(0 if answer == [42, {"moon": [1, 2.5, "x"]}] and wrong == 1 and late == TIME_LIMIT else 1)


main()
