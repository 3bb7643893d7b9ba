"""Loads files of the program and tells what went wrong in them."""

import importlib.util
import os
import sys
import traceback

# Whoever repairs the program reads this; more than a few frames does not help.
MAX_TRACE_CHARACTERS = 2_000


def load_module(path):
    name = path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
    spec = importlib.util.spec_from_file_location(name, os.path.join(os.getcwd(), path))
    if not os.path.exists(path):
        raise ModuleNotFoundError(f"No file {path!r} in the program")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def describe_error(error):
    """The traceback without the frames of this driver and of the import machinery."""
    here = os.getcwd() + os.sep
    frames = traceback.extract_tb(error.__traceback__)
    kept = [frame for frame in frames if frame.filename.startswith(here) or not frame.filename.startswith(("/", "<frozen"))]
    for frame in kept:
        frame.filename = frame.filename.removeprefix(here)
    lines = traceback.format_list(kept) + traceback.format_exception_only(error)
    return bounded("".join(lines).replace(here, ""), MAX_TRACE_CHARACTERS)


def bounded(text, limit):
    clean = text.encode("utf-8", "replace").decode("utf-8")
    return clean if len(clean) <= limit else clean[: limit // 2] + " … " + clean[-limit // 2 :]
