"""Runs one job: writes its files, loads the module and sends frames (dicts) about what happened.

`send` is given by the host: a pipe of the operating system, or JavaScript around Pyodide. Names the program could replace
are taken before it is loaded.
"""

import asyncio
import collections
import datetime
import decimal
import fractions
import inspect
import json
import math
import os
import runpy
import sys

from .canonical import canonical_text
from .loading import bounded, describe_error, load_module

MAX_MESSAGE_CHARACTERS = 500
# What an expected value may be written with, where no program is loaded.
NAMES_WITHOUT_PROGRAM = {
    "collections": collections,
    "datetime": datetime,
    "decimal": decimal,
    "fractions": fractions,
    "math": math,
}


def run_job(job, send, folder):
    """Runs the job in `folder`; a program's exit code, None for any other task."""
    write_files(job["files"], folder)
    os.chdir(folder)
    sys.path.insert(0, folder)
    forget_shadowed_modules(job["files"])
    task = job["task"]
    if task["kind"] == "program":
        return run_program(task["module"])
    if task["kind"] == "tests":
        from .tests import run_tests

        run_tests(task, job["skip"], send)
        return None
    namespace = load_namespace(task["module"], send)
    if namespace is not None and task["kind"] == "calls":
        run_calls(task["expressions"], job["skip"], namespace, send)
    return None


def run_job_text(job_text, send_text, folder, dumps=json.dumps):
    """As `run_job`, for a host that speaks JSON texts and prints through it."""
    code = run_job(json.loads(job_text), lambda frame: send_text(dumps(frame)), folder)
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    return code


def write_files(files, folder):
    for file in files:
        path = os.path.join(folder, file["path"])
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8", newline="") as target:
            target.write(file["content"])


def forget_shadowed_modules(files):
    """A file of the program named like a module that is loaded here already must win, as it would for `python main.py`."""
    for file in files:
        name = file["path"].partition("/")[0].removesuffix(".py")
        if name in sys.modules and name not in sys.builtin_module_names and name not in ("os", "hydra_runtime"):
            del sys.modules[name]


def load_namespace(module, send):
    """The names of the loaded module; None when it could not be loaded (a frame then says why)."""
    if module is None:
        send({"kind": "loaded"})
        return dict(NAMES_WITHOUT_PROGRAM)
    try:
        namespace = load_module(module).__dict__
    except BaseException as error:
        send({"kind": "load_failed", "error": describe_error(error)})
        return None
    send({"kind": "loaded"})
    return namespace


def run_calls(expressions, skip, namespace, send):
    for index, expression in enumerate(expressions):
        if index in skip:
            continue
        send({"kind": "started", "item": index})
        send({"kind": "call", "item": index, "outcome": evaluate(expression, namespace)})


def evaluate(expression, namespace):
    try:
        value = eval(expression.strip(), namespace)
        if inspect.iscoroutine(value):
            value = asyncio.run(value)
        elif inspect.isasyncgen(value):
            value = asyncio.run(collect(value))
        return {"ended": "value", "canonical": canonical_text(value)}
    except BaseException as error:
        return {"ended": "raised", "errorType": type(error).__name__, "message": bounded(message_of(error), MAX_MESSAGE_CHARACTERS)}


async def collect(items):
    return iter([item async for item in items])


def run_program(path):
    try:
        runpy.run_path(path, run_name="__main__")
        return 0
    except SystemExit as end:
        return exit_code_of(end.code)
    except BaseException as error:
        print(describe_error(error), file=sys.stderr)
        return 1


def exit_code_of(code):
    if code is None:
        return 0
    if isinstance(code, int):
        return code & 0xFF
    print(code, file=sys.stderr)
    return 1


def message_of(error):
    try:
        return str(error)
    except BaseException:
        return ""
