"""Runs test files: with pytest where set-up could fetch it, else with the small runner in `plain_tests`."""

import importlib.util

from .guard import TestLibraryGuard


def run_tests(task, skip, send):
    """Sends one `collected` frame a test, then `started` and `test` for each that is not in `skip`."""
    if importlib.util.find_spec("pytest") is None:
        from .plain_tests import run_plain_tests

        run_plain_tests(task["testFiles"], set(skip), send, TestLibraryGuard())
        return
    from .pytest_tests import run_pytest

    run_pytest(task["testFiles"], set(skip), send, TestLibraryGuard())
