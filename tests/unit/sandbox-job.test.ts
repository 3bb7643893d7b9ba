import { array, assert, nat, property } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkJob } from '../../sandbox/check-job.ts';
import { DEFAULT_LIMITS } from '../../sandbox/default-limits.ts';
import { createFrameReader, type DriverFrame } from '../../sandbox/process/frame-reader.ts';
import { createOutputCollector } from '../../sandbox/process/output-collector.ts';
import { parseClock } from '../../sandbox/process/process-usage.ts';
import { importMapFor, usesCommonJs } from '../../sandbox/prepare-program.ts';
import type { SandboxJob } from '../../sandbox/program-runner.ts';

describe('the file names of a job', () => {
  it.each(['../main.py', '/etc/passwd', '', 'C:\\x', 'a\u0000b'])('%j is refused', (path) => {
    const job: SandboxJob = {
      language: 'python',
      files: [{ path, content: '' }],
      task: { kind: 'import', module: path },
      limits: DEFAULT_LIMITS,
    };
    expect(() => checkJob(job)).toThrow(expect.objectContaining({ type: 'RequestRejected' }));
  });

  it('refuses a module that is not among the files', () => {
    const job: SandboxJob = {
      language: 'python',
      files: [],
      task: { kind: 'import', module: 'a.py' },
      limits: DEFAULT_LIMITS,
    };
    expect(() => checkJob(job)).toThrow(/not part of the program/u);
  });
});

describe('frames among output', () => {
  const read = (chunks: readonly Buffer[]): { frames: DriverFrame[]; output: string } => {
    const frames: DriverFrame[] = [];
    const parts: Buffer[] = [];
    const reader = createFrameReader(
      'mark',
      (frame) => frames.push(frame),
      (data) => parts.push(Buffer.from(data)),
    );
    for (const chunk of chunks) reader.add(chunk);
    reader.end();
    return { frames, output: Buffer.concat(parts).toString() };
  };

  it('are found wherever the stream is cut', () => {
    const stream = Buffer.from('before\nmark {"kind":"ready"}\nbetween ü\n\nmark {"kind":"done"}\nafter\nmar');
    assert(
      property(array(nat(stream.length)), (cuts) => {
        const places = [0, ...cuts.sort((one, other) => one - other), stream.length];
        const chunks = places.slice(1).map((end, index) => stream.subarray(places[index], end));
        expect(read(chunks)).toEqual({
          frames: [{ kind: 'ready' }, { kind: 'done' }],
          output: 'beforebetween ü\nafter\nmar',
        });
      }),
    );
  });

  it('are not made by a line with another mark or without JSON', () => {
    expect(read([Buffer.from('\nmerk {"kind":"done"}\n\nmark nonsense\n')]).frames).toEqual([]);
  });
});

describe('collected output', () => {
  it('keeps head and tail and says what is left out', () => {
    const collector = createOutputCollector(10);
    for (const part of ['abc', 'defgh', 'x'.repeat(100), 'vwxyz']) collector.add(Buffer.from(part));
    expect(collector.isCut()).toBe(true);
    expect(collector.text()).toBe('abcde\n… 103 bytes left out …\nvwxyz');
    expect(collector.totalBytes()).toBe(113);
  });

  it('is whole as long as it fits', () => {
    const collector = createOutputCollector(10);
    for (const part of ['abc', 'defg', 'hij']) collector.add(Buffer.from(part));
    expect(collector.text()).toBe('abcdefghij');
    expect(collector.isCut()).toBe(false);
  });
});

describe('small parts of the sandbox', () => {
  it('tells the module forms of JavaScript apart', () => {
    expect(usesCommonJs('a.js', 'module.exports = { f };')).toBe(true);
    expect(usesCommonJs('a.js', "const fs = require('fs');\nimport x from './x.js';")).toBe(false);
    expect(usesCommonJs('a.ts', 'module.exports = 1')).toBe(false);
  });

  it('maps every file outside the program to nowhere', () => {
    const { imports } = JSON.parse(importMapFor('/tmp/p', '/runtime', '/cache/expect.mjs')) as {
      imports: Record<string, string>;
    };
    expect(imports['file:///']).toMatch(/outside/u);
    expect(imports['file:///tmp/p/']).toBe('file:///tmp/p/');
    expect(imports['fs']).toBe('node:fs');
    expect(imports['vitest']).toMatch(/test-names\.ts$/u);
  });

  it('reads the times that ps writes', () => {
    expect(parseClock('1:02.50')).toBe(62_500);
    expect(parseClock('01:00:01')).toBe(3_601_000);
  });
});
