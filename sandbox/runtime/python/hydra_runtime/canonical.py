"""Turns a value into a text that is equal for equal values.

Equality is Python's own (2 and 2.0 are equal, the order of a dict or a set does not matter), with one exception: True is
not 1. Floats keep 12 significant digits, so that another order of summation gives the same text. An object without a text
of its own is its type's name and its fields; a generator is what it yields, up to a bound.
"""

import collections
import dataclasses
import enum
import hashlib
import itertools
import json
import re
import sys
import types

# Enough for any answer a person would check; the rest of an endless iterator cannot be seen.
MAX_ITERATED = 1_000
# Below half of Python's own recursion limit of 1000 (two frames a level).
MAX_DEPTH = 150
# Longer texts travel as their beginning and a hash.
MAX_TEXT = 65_536
HEAD_OF_LONG_TEXT = 1_000
# From here on integral floats are written with an exponent, as JavaScript does.
LARGEST_PLAIN_FLOAT = 1e21
# Python refuses to print integers of more than 4300 decimal digits.
MOST_DECIMAL_BITS = 14_000

ITERATORS = (types.GeneratorType, map, filter, zip, enumerate, reversed, itertools.chain, itertools.islice, itertools.count)
ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")
SURROGATE = re.compile("[\ud800-\udfff]")


def canonical_text(value):
    """The text of a value; Errors: whatever reading the value raises."""
    text = _text(value, [])
    if len(text) <= MAX_TEXT:
        return text
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
    return f"{text[:HEAD_OF_LONG_TEXT]}… sha256:{digest}"


def _text(value, parents):
    if value is None:
        return "null"
    if value is True or value is False:
        return "true" if value else "false"
    if isinstance(value, enum.Enum) and not isinstance(value, (int, str)):
        return f"{type(value).__name__}.{value.name}"
    if isinstance(value, int):
        return _integer(int(value))
    if isinstance(value, float):
        return _float(float(value))
    if isinstance(value, str):
        return _string(str(value))
    if any(parent is value for parent in parents):
        return "<circular>"
    if len(parents) >= MAX_DEPTH:
        return "<too deep>"
    return _compound(value, [*parents, value])


def _integer(value):
    return hex(value) if value.bit_length() > MOST_DECIMAL_BITS else str(value)


def _float(value):
    if value != value:
        return "nan"
    if value in (float("inf"), float("-inf")):
        return "inf" if value > 0 else "-inf"
    if value.is_integer() and abs(value) < LARGEST_PLAIN_FLOAT:
        return str(int(value))
    return format(value, ".12g")


def _string(value):
    quoted = json.dumps(value, ensure_ascii=False)
    return SURROGATE.sub(lambda match: f"\\u{ord(match.group()):04x}", quoted)


def _compound(value, parents):
    if isinstance(value, (bytes, bytearray, memoryview)):
        return f'bytes"{bytes(value).hex()}"'
    if isinstance(value, complex):
        return f"complex({_float(value.real)}, {_float(value.imag)})"
    if isinstance(value, tuple):
        return f"({_join(value, parents)})"
    if isinstance(value, list):
        return f"[{_join(value, parents)}]"
    if isinstance(value, collections.deque):
        return f"deque[{_join(value, parents)}]"
    if isinstance(value, (set, frozenset, type({}.keys()), type({}.items()))):
        return "set{" + ", ".join(sorted(_text(item, parents) for item in value)) + "}"
    if isinstance(value, (dict, types.MappingProxyType)):
        return "{" + ", ".join(sorted(f"{_text(key, parents)}: {_text(item, parents)}" for key, item in value.items())) + "}"
    if isinstance(value, range):
        return f"range[{_bounded(value, parents)}]"
    if isinstance(value, ITERATORS) or type(value).__name__.endswith("_iterator") or isinstance(value, type({}.values())):
        return f"iterator[{_bounded(value, parents)}]"
    return _object(value, parents)


def _join(items, parents):
    return ", ".join(_text(item, parents) for item in items)


def _bounded(items, parents):
    taken = list(itertools.islice(items, MAX_ITERATED + 1))
    text = _join(taken[:MAX_ITERATED], parents)
    return f"{text}, …" if len(taken) > MAX_ITERATED else text


def _object(value, parents):
    kind = type(value)
    if isinstance(value, type):
        return f"type {value.__name__}"
    if isinstance(value, types.ModuleType):
        return f"module {value.__name__}"
    if callable(value) and hasattr(value, "__qualname__"):
        return f"function {value.__name__}"
    if isinstance(value, BaseException):
        return f"{kind.__name__}({_join(value.args, parents)})"
    if dataclasses.is_dataclass(value):
        fields = {field.name: getattr(value, field.name) for field in dataclasses.fields(value) if field.compare}
        return _with_fields(kind.__name__, fields, parents)
    if kind.__module__.partition(".")[0] in sys.stdlib_module_names:
        return ADDRESS.sub("", repr(value))
    if hasattr(value, "__next__"):
        return f"iterator[{_bounded(value, parents)}]"
    return _with_fields(kind.__name__, _fields_of(value), parents)


def _fields_of(value):
    fields = dict(getattr(value, "__dict__", {}))
    for kind in type(value).__mro__:
        slots = kind.__dict__.get("__slots__", ())
        for name in (slots,) if isinstance(slots, str) else slots:
            if hasattr(value, name) and name not in ("__dict__", "__weakref__"):
                fields[name] = getattr(value, name)
    return fields


def _with_fields(name, fields, parents):
    return f"{name}(" + ", ".join(f"{key}: {_text(fields[key], parents)}" for key in sorted(fields)) + ")"
