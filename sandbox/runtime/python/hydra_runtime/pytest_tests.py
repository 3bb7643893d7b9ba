"""Runs test files with pytest in this process and reports each test as it ends."""

import os
import sys

import pytest

from .guard import outcome_with_guard
from .loading import bounded, describe_error

MAX_EVIDENCE_CHARACTERS = 2_000


def run_pytest(files, skip, send, guard):
    """Runs the tests of `files` whose ids are not in `skip`."""
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    sys.dont_write_bytecode = True
    options = ["--capture=sys", "--no-header", "-q", "--tb=short", "-p", "no:cacheprovider", "-p", "no:faulthandler"]
    try:
        pytest.main([*options, f"--rootdir={os.getcwd()}", *files], plugins=[Reporter(skip, send, guard)])
    except BaseException as error:
        send({"kind": "load_failed", "error": describe_error(error)})


class Reporter:
    """A pytest plugin: pytest calls these methods by their names."""

    def __init__(self, skip, send, guard):
        self._skip = skip
        self._send = send
        self._guard = guard
        self._phases = {}

    def pytest_collectreport(self, report):
        if report.failed:
            self._send({"kind": "load_failed", "error": bounded(str(report.longrepr), MAX_EVIDENCE_CHARACTERS)})

    def pytest_collection_modifyitems(self, items):
        for item in items:
            self._send({"kind": "collected", "item": item.nodeid})
        items[:] = [item for item in items if item.nodeid not in self._skip]

    def pytest_collection_finish(self, session):
        self._send({"kind": "loaded"})

    def pytest_runtest_logstart(self, nodeid):
        self._phases[nodeid] = []
        self._send({"kind": "started", "item": nodeid})

    def pytest_runtest_logreport(self, report):
        self._phases[report.nodeid].append(report)

    def pytest_runtest_logfinish(self, nodeid):
        outcome, evidence = outcome_with_guard(self._guard, *judge(self._phases.get(nodeid, [])))
        self._send({"kind": "test", "item": nodeid, "outcome": outcome, "evidence": bounded(evidence, MAX_EVIDENCE_CHARACTERS)})


def judge(reports):
    """One outcome of a test's set-up, call and tear-down."""
    for report in reports:
        if report.failed:
            return ("failed" if report.when == "call" else "error", report.longreprtext)
    for report in reports:
        if report.skipped:
            return ("skipped", str(report.longrepr))
    ran = any(report.when == "call" and report.passed for report in reports)
    return ("passed", "") if ran else ("error", "The test did not run.")
