/** Keeps the head and the tail of an output, however long it is. */
export interface OutputCollector {
  add(data: Buffer): void;
  /** Everything that came, kept or not. */
  totalBytes(): number;
  text(): string;
  isCut(): boolean;
}

/** Makes a collector that holds at most about `limitBytes` of text: its first half and its last half. */
export function createOutputCollector(limitBytes: number): OutputCollector {
  const half = Math.floor(limitBytes / 2);
  let head = Buffer.alloc(0);
  let tail = Buffer.alloc(0);
  let total = 0;
  return {
    add(data) {
      total += data.length;
      const room = half - head.length;
      if (room > 0) head = Buffer.concat([head, data.subarray(0, room)]);
      if (data.length > room) tail = lastBytes(tail, data.subarray(Math.max(room, 0)), half);
    },
    totalBytes: () => total,
    isCut: () => total > half * 2,
    text() {
      if (total <= half * 2) return Buffer.concat([head, tail]).toString();
      return `${head.toString()}\n… ${total - half * 2} bytes left out …\n${tail.toString()}`;
    },
  };
}

function lastBytes(before: Buffer, added: Buffer, limit: number): Buffer<ArrayBuffer> {
  return added.length >= limit
    ? Buffer.from(added.subarray(added.length - limit))
    : Buffer.concat([before.subarray(Math.max(0, before.length + added.length - limit)), added]);
}
