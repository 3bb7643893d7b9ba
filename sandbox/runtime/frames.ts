/** The few parts of Deno that the drivers use. */
interface DenoRuntime {
  readonly stdin: { readSync(buffer: Uint8Array): number | null };
  readonly stdout: { writeSync(data: Uint8Array): number };
  readonly permissions: { revokeSync(descriptor: { readonly name: string }): unknown };
  exit(code: number): never;
}
declare const Deno: DenoRuntime;

// The program runs in the same realm and may replace any of these; what was there before it was loaded is what is used.
const { readSync } = bindStream(Deno.stdin, 'readSync');
const { writeSync } = bindStream(Deno.stdout, 'writeSync');
const exitProcess = Deno.exit.bind(Deno);
const encoder = new TextEncoder();
const encode = encoder.encode.bind(encoder);
const decoder = new TextDecoder();
const decode = decoder.decode.bind(decoder);
const stringify = JSON.stringify;
const apply = Reflect.apply;
// oxlint-disable-next-line typescript/unbound-method -- it is applied to its data with the `apply` of above
const subarray = Uint8Array.prototype.subarray;

function bindStream<Stream, Method extends keyof Stream>(stream: Stream, method: Method): Pick<Stream, Method> {
  const bound = (stream[method] as (...values: unknown[]) => unknown).bind(stream);
  return { [method]: bound } as Pick<Stream, Method>;
}

/** One message to the parent; `kind` says which. Shape: flat, so that no method of the program's making is called on it. */
export type Frame = Readonly<Record<string, unknown>>;

/** Reads one line; ends the process when the parent is gone. */
export function readLine(): string {
  const bytes: number[] = [];
  const one = new Uint8Array(1);
  while (one[0] !== 10) {
    if (readSync(one) === null) exitProcess(0);
    bytes.push(one[0] ?? 10);
  }
  return decode(Uint8Array.from(bytes)).trim();
}

/** Reads the length of the job, then its text; what follows on standard input is the program's. */
export function readJobText(): string {
  const data = new Uint8Array(Number(readLine()));
  let filled = 0;
  while (filled < data.length) {
    const count = readSync(data.subarray(filled));
    if (count === null) exitProcess(0);
    filled += count ?? 0;
  }
  return decode(data);
}

/** Reads for the program what is left of standard input; 0 is its end. */
export function readStdin(buffer: Uint8Array): number {
  return readSync(buffer) ?? 0;
}

/** Writes what the program prints. */
export function writeOutput(data: Uint8Array): number {
  return writeSync(data);
}

/** Gives up the right to read files, which only the start needs. */
export function dropReadRight(): void {
  Deno.permissions.revokeSync({ name: 'read' });
}

/** Makes the function that sends frames; `mark` is known to the parent and to this closure only. */
export function createSender(mark: string): (frame: Frame) => void {
  return (frame) => {
    const data = encode(`
${mark} ${stringify({ __proto__: null, ...frame })}
`);
    // A typed array's own length cannot be asked for safely: nothing is left when nothing was written.
    let rest = data;
    for (let count = writeSync(rest); count > 0; count = writeSync(rest))
      rest = apply(subarray, rest, [count]) as typeof data;
  };
}

/** Ends this process, whatever the program did to the names for it. */
export function endProcess(code: number): never {
  return exitProcess(code);
}
