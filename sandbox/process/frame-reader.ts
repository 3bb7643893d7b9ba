/** A message of the driver; `kind` says which. */
export type DriverFrame =
  | { readonly kind: 'ready' | 'loaded' | 'done' }
  | { readonly kind: 'load_failed'; readonly error: string }
  | { readonly kind: 'started' | 'collected'; readonly item: Item }
  | { readonly kind: 'call'; readonly item: Item; readonly outcome: CallOutcome }
  | { readonly kind: 'test'; readonly item: Item; readonly outcome: TestOutcome['outcome']; readonly evidence: string };

import type { CallOutcome, TestOutcome } from '../program-runner.ts';

/** Number of a call, or name of a test. */
export type Item = number | string;

// A frame holds one canonical text (64 KiB of characters at most, each up to six bytes in JSON) and little else.
const LARGEST_FRAME_BYTES = 512 * 1024;

/** Separates the frames of the driver from what the program prints on the same pipe. */
export interface FrameReader {
  add(data: Buffer): void;
  /** Hands over what was held back because a mark could have begun in it. */
  end(): void;
}

/**
 * Makes a reader. A frame is a line that begins with `mark`, a word that the program cannot know; the newline before it
 * belongs to it. A line with the mark that is no JSON is given to `onOutput` like any other.
 */
export function createFrameReader(
  mark: string,
  onFrame: (frame: DriverFrame) => void,
  onOutput: (data: Buffer) => void,
): FrameReader {
  const opening = Buffer.from(`\n${mark} `);
  let held = Buffer.alloc(0);
  const release = (count: number): void => {
    if (count > 0) onOutput(held.subarray(0, count));
    held = held.subarray(count);
  };
  const takeFrame = (): boolean => {
    const end = held.indexOf('\n', opening.length);
    if (end < 0 && held.length <= LARGEST_FRAME_BYTES) return false;
    const frame = end < 0 ? undefined : parseFrame(held.toString('utf8', opening.length, end));
    if (frame === undefined) release(opening.length);
    else {
      held = held.subarray(end + 1);
      onFrame(frame);
    }
    return true;
  };
  const takeAll = (): void => {
    for (;;) {
      const start = held.indexOf(opening);
      release(start < 0 ? Math.max(0, held.length - opening.length + 1) : start);
      if (start < 0 || !takeFrame()) return;
    }
  };
  return {
    add(data) {
      held = Buffer.concat([held, data]);
      takeAll();
    },
    end: () => release(held.length),
  };
}

function parseFrame(text: string): DriverFrame | undefined {
  try {
    return JSON.parse(text) as DriverFrame;
  } catch {
    return undefined;
  }
}
