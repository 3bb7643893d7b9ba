"""Notices when the program replaces parts of the test library, so that such a test does not count as passed."""

import sys
import unittest
import unittest.case

WATCHED_MODULES = (
    "pytest",
    "_pytest.python_api",
    "_pytest.raises",
    "_pytest.runner",
    "_pytest.python",
    "_pytest.reports",
    "_pytest.unittest",
    "_pytest.assertion.rewrite",
    "pluggy._hooks",
    "pluggy._callers",
    "unittest",
    "unittest.case",
    "builtins",
)
WATCHED_CLASSES = (("unittest.case", "TestCase"), ("_pytest.reports", "TestReport"), ("_pytest.python", "Function"))
# Set by the interpreter and by pytest themselves while they run.
CHANGES_BY_ITSELF = {"_", "__warningregistry__", "__annotations__", "__annotate__", "__annotations_cache__"}


class TestLibraryGuard:
    """Remembers what the test library looked like before the program was loaded."""

    def __init__(self, modules=sys.modules):
        self._spaces = {name: vars(modules[name]) for name in WATCHED_MODULES if name in modules}
        for module, name in WATCHED_CLASSES:
            if module in modules and hasattr(modules[module], name):
                self._spaces[f"{module}.{name}"] = vars(getattr(modules[module], name))
        self._before = {space: dict(names) for space, names in self._spaces.items()}

    def changed_name(self):
        """The first name of the test library that is not what it was; None when all are."""
        for space, before in self._before.items():
            now = self._spaces[space]
            for name, value in before.items():
                if name not in CHANGES_BY_ITSELF and now.get(name) is not value:
                    return f"{space}.{name}"
        return None


def outcome_with_guard(guard, outcome, evidence):
    """A pass does not count once the test library was changed."""
    changed = guard.changed_name() if outcome == "passed" else None
    return (outcome, evidence) if changed is None else ("error", f"The program replaced {changed} of the test library.")
