"""A small runner for machines where pytest could not be fetched.

It knows functions named `test_*`, classes named `Test*` with such methods (and setup_method, teardown_method), and
`unittest.TestCase`. Fixtures, parametrisation and `import pytest` need the real one.
"""

import inspect
import io
import unittest

from .guard import outcome_with_guard
from .loading import bounded, describe_error, load_module

MAX_EVIDENCE_CHARACTERS = 2_000


def run_plain_tests(files, skip, send, guard):
    """Runs the tests of `files` whose names are not in `skip`."""
    tests = {}
    for path in files:
        try:
            tests.update(collect_file(path))
        except BaseException as error:
            send({"kind": "load_failed", "error": describe_error(error)})
    for name in tests:
        send({"kind": "collected", "item": name})
    send({"kind": "loaded"})
    for name, run in tests.items():
        if name not in skip:
            send({"kind": "started", "item": name})
            outcome, evidence = outcome_with_guard(guard, *run_one(run))
            send({"kind": "test", "item": name, "outcome": outcome, "evidence": bounded(evidence, MAX_EVIDENCE_CHARACTERS)})


def collect_file(path):
    """The tests of one file by name, in the order of the file."""
    tests = {}
    for name, value in vars(load_module(path)).items():
        if inspect.isclass(value) and issubclass(value, unittest.TestCase):
            for case in unittest.defaultTestLoader.loadTestsFromTestCase(value):
                tests[f"{path}::{name}::{case._testMethodName}"] = case
        elif inspect.isclass(value) and name.startswith("Test"):
            for method in [method for method in vars(value) if method.startswith("test")]:
                tests[f"{path}::{name}::{method}"] = method_runner(value, method)
        elif inspect.isfunction(value) and name.startswith("test"):
            tests[f"{path}::{name}"] = value
    return tests


def method_runner(kind, method):
    def run():
        instance = kind()
        getattr(instance, "setup_method", lambda *_: None)(*method_argument(instance, "setup_method", method))
        try:
            getattr(instance, method)()
        finally:
            getattr(instance, "teardown_method", lambda *_: None)(*method_argument(instance, "teardown_method", method))

    return run


def method_argument(instance, hook, method):
    """pytest hands the method to these hooks when they take an argument."""
    function = getattr(instance, hook, None)
    wanted = function is not None and len(inspect.signature(function).parameters) == 1
    return (getattr(instance, method),) if wanted else ()


def run_one(test):
    if isinstance(test, unittest.TestCase):
        return run_case(test)
    try:
        test()
        return ("passed", "")
    except unittest.SkipTest as skipped:
        return ("skipped", str(skipped))
    except BaseException as error:
        return ("failed", describe_error(error))


def run_case(case):
    result = unittest.TextTestRunner(stream=io.StringIO()).run(case)
    if result.skipped:
        return ("skipped", result.skipped[0][1])
    problems = [*result.failures, *result.errors]
    if problems:
        return ("failed", problems[0][1])
    return ("passed", "") if result.testsRun == 1 else ("error", "The test did not run.")
