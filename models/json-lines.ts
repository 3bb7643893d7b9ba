/** A line carries one token, a final line some counters; a real one stays far below this. */
const MAX_LINE_BYTES = 1024 * 1024;
const NEWLINE = 0x0a;

/**
 * Passes whole lines of JSON on and holds an unfinished one back, so that a reader never sees half a line.
 * What is unfinished at the end is dropped: a stream that breaks off in a line is noticed by its missing last message.
 * Bytes that are not UTF-8 become U+FFFD, as on the host itself.
 * Errors: a line above 1 MiB or one that is not JSON ends the stream with an error, so memory stays bounded.
 */
export function passJsonLines(): TransformStream<Uint8Array, Uint8Array> {
  let held: Uint8Array[] = [];
  let heldBytes = 0;
  return new TransformStream({
    transform(chunk, controller) {
      const end = chunk.lastIndexOf(NEWLINE) + 1;
      if (end > 0) {
        const lines = readJsonLines(Buffer.concat([...held, chunk.subarray(0, end)]));
        if (lines.length > 0) controller.enqueue(Buffer.from(`${lines.join('\n')}\n`));
        held = [];
        heldBytes = 0;
      }
      const rest = chunk.subarray(end);
      if (rest.length > 0) held.push(rest);
      heldBytes += rest.length;
      if (heldBytes > MAX_LINE_BYTES) throw new Error(`a line is longer than ${MAX_LINE_BYTES} bytes`);
    },
  });
}

/** The library prints lines that it cannot parse and goes on; here they end the stream. */
function readJsonLines(bytes: Buffer): string[] {
  const lines = bytes
    .toString('utf8')
    .split('\n')
    .filter((line) => line.trim() !== '');
  if (!lines.every(isJson)) throw new Error('a line is not JSON');
  return lines;
}

function isJson(line: string): boolean {
  try {
    JSON.parse(line);
    return true;
  } catch {
    return false;
  }
}

/** Passes bytes on until there are more than `maxBytes`, which is an error. */
export function limitBytes(maxBytes: number): TransformStream<Uint8Array, Uint8Array> {
  let seenBytes = 0;
  return new TransformStream({
    transform(chunk, controller) {
      seenBytes += chunk.length;
      if (seenBytes > maxBytes) throw new Error(`the answer is longer than ${maxBytes} bytes`);
      controller.enqueue(chunk);
    },
  });
}
