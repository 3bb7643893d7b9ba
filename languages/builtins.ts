function words(text: string): ReadonlySet<string> {
  return new Set(text.trim().split(/\s+/));
}

/** Names that Python always binds and that examples use. */
export const PYTHON_BUILTINS = words(`
  True False None NotImplemented abs all any ascii bin bool breakpoint bytearray bytes callable chr classmethod compile
  complex delattr dict dir divmod enumerate eval exec exit filter float format frozenset getattr globals hasattr hash
  help hex id input int isinstance issubclass iter len list locals map max memoryview min next object oct open ord pow
  print property quit range repr reversed round set setattr slice sorted staticmethod str sum super tuple type vars zip
  __import__ Exception ValueError TypeError KeyError IndexError ZeroDivisionError RuntimeError NotImplementedError
  StopIteration ArithmeticError AttributeError LookupError OverflowError OSError FileNotFoundError PermissionError
`);

/** Names that JavaScript runtimes always bind and that examples use. */
export const JAVASCRIPT_BUILTINS = words(`
  undefined NaN Infinity Array ArrayBuffer Atomics BigInt Boolean DataView Date Error EvalError Float32Array Float64Array
  Function Int8Array Int16Array Int32Array Intl JSON Map Math Number Object Promise Proxy RangeError ReferenceError
  Reflect RegExp Set String Symbol SyntaxError TypeError URIError URL URLSearchParams Uint8Array Uint8ClampedArray
  Uint16Array Uint32Array WeakMap WeakSet console decodeURI decodeURIComponent encodeURI encodeURIComponent eval fetch
  globalThis isFinite isNaN parseFloat parseInt process require setInterval setTimeout clearInterval clearTimeout
  structuredClone queueMicrotask assert expect describe it test Deno window document alert
`);

/** Built-in names of Python that reach outside the program; no probe or example may use them. */
export const PYTHON_EFFECTS = words(`
  open input exec eval print exit quit breakpoint compile globals locals vars setattr delattr help __import__
`);

/** Built-in names of JavaScript runtimes that reach outside the program; no probe or example may use them. */
export const JAVASCRIPT_EFFECTS = words(`
  console eval fetch Function globalThis process require setInterval setTimeout clearInterval clearTimeout
  queueMicrotask Deno window document alert Proxy Reflect Atomics assert expect describe it test
`);
