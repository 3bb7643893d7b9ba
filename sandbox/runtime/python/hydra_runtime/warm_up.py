"""Imports what jobs use, before the memory of the interpreter is saved."""

import importlib.util
import os
import sys
import tempfile

# What small programs import most; the rest is loaded when it is imported.
COMMON_MODULES = (
    "abc array ast bisect calendar contextlib copy csv dataclasses datetime decimal enum functools heapq io itertools "
    "operator pathlib pprint queue random re statistics string textwrap threading time typing unittest uuid"
).split()


def import_everything():
    for name in COMMON_MODULES:
        __import__(name)
    from . import plain_tests, tests  # noqa: F401

    if importlib.util.find_spec("pytest") is not None:
        run_one_test()


def run_one_test():
    """pytest imports most of itself when it runs."""
    from .guard import TestLibraryGuard
    from .pytest_tests import run_pytest

    before = os.getcwd()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        with open("test_warm_up.py", "w", encoding="utf-8") as file:
            file.write("def test_passes():\n    assert [1] == [1]\ndef test_fails():\n    assert [1] == [2]\n")
        run_pytest(["test_warm_up.py"], set(), lambda frame: None, TestLibraryGuard())
        os.chdir(before)
    sys.modules.pop("test_warm_up", None)
