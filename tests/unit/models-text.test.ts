import { describe, expect, test } from 'vitest';

import { createAnswerCollector } from '../../models/answer-collector.ts';
import { failureFromError, failureFromStatus } from '../../models/node-failure.ts';
import { promptWasCut } from '../../models/prompt-fit.ts';
import { createRepetitionDetector } from '../../models/repetition-detector.ts';
import { sameModel } from '../../domain/model-name.ts';
import { createThinkingSplitter, divideAtLoneClosing } from '../../models/thinking-splitter.ts';
import type { NodeId } from '../../domain/ids.ts';

const node = { id: 'n1' as NodeId, url: 'http://n1:11434', slots: 1 };

describe('model names', () => {
  test.each([
    ['llama3.2', 'llama3.2:latest', true],
    ['llama3.2:latest', 'Llama3.2', true],
    ['llama3.2:1b', 'llama3.2', false],
    ['host:5000/team/model', 'host:5000/team/model:latest', true],
    ['qwen3:14b', 'qwen3:1.7b', false],
  ])('%s and %s are the same model: %s', (a, b, expected) => {
    expect(sameModel(a, b)).toBe(expected);
  });
});

describe('thinking', () => {
  const source = '\n<think>why < not </thin? </think>\n\nThe `<think>` tag stays. </think> too.';
  const expected = { text: 'The `<think>` tag stays. </think> too.', thinking: 'why < not </thin? ' };

  test.each([1, 2, 3, 5, 7, 11, 1000])('is divided from the answer in pieces of %i characters', (size) => {
    const splitter = createThinkingSplitter();
    const parts = Array.from({ length: Math.ceil(source.length / size) }, (_, index) =>
      splitter.add(source.slice(index * size, (index + 1) * size)),
    );
    parts.push(splitter.finish());
    expect(parts.map((part) => part.text).join('')).toBe(expected.text);
    expect(parts.map((part) => part.thinking).join('')).toBe(expected.thinking);
  });

  test('that never ends leaves no answer', () => {
    const splitter = createThinkingSplitter();
    const parts = [splitter.add('<think>so'), splitter.add(' on </th'), splitter.finish()];
    expect(parts.map((part) => part.text).join('')).toBe('');
    expect(parts.map((part) => part.thinking).join('')).toBe('so on </th');
  });

  test('with a lone closing tag is divided, unless code came before the tag', () => {
    expect(divideAtLoneClosing('hm\n</think>\n42')).toEqual({ text: '42', thinking: 'hm\n' });
    const code = '```python\ns.replace("</think>", "")\n```';
    expect(divideAtLoneClosing(code)).toEqual({ text: code, thinking: '' });
  });

  test('an answer that starts with an angle bracket is kept whole', () => {
    const collector = createAnswerCollector('');
    const emitted = [collector.add('<', ''), collector.add('div>', ''), collector.finish()].join('');
    expect(emitted).toBe('<div>');
    expect(collector.result()).toEqual({ text: '<div>', thinking: '' });
  });
});

describe('repetition', () => {
  function feed(text: string, pieceLength = 7): boolean {
    const isLoop = createRepetitionDetector();
    for (let start = 0; start < text.length; start += pieceLength) {
      if (isLoop(text.slice(start, start + pieceLength))) return true;
    }
    return false;
  }

  test.each([
    ['one character', 'a'.repeat(10_000)],
    ['a line', 'def solve():\n    return solve()\n'.repeat(400)],
    ['blanks after data', `{"a": 1,${' \n\t'.repeat(2_000)}`],
    ['a paragraph', `intro ${'x1y2z3 '.repeat(30)}`.padEnd(240, '.').repeat(40)],
  ])('of %s is noticed', (_name, text) => {
    expect(feed(text)).toBe(true);
  });

  test.each([
    ['numbered lines', Array.from({ length: 2_000 }, (_, index) => `row ${index}: value`).join('\n')],
    ['a short table of equal rows', '0, 0, 0, 0,\n'.repeat(100)],
    ['deep indentation', `${' '.repeat(60)}return 1\n`.repeat(20)],
  ])('is not seen in %s', (_name, text) => {
    expect(feed(text)).toBe(false);
  });
});

describe('a prompt counts as cut', () => {
  test.each([
    ['when the host read as much as the window holds', 40_000, 4096, 4096, true],
    ['when most of a long prompt is missing', 30_000, 1500, 8192, true],
    ['not when a short prompt has a small count', 2_000, 20, 8192, false],
    ['not when the tokenizer is merely thrifty', 30_000, 4_500, 8192, false],
    ['not when the host does not count', 30_000, 0, 8192, false],
  ])('%s', (_name, characters, read, context, expected) => {
    expect(promptWasCut(characters, read, context)).toBe(expected);
  });
});

describe('an HTTP status', () => {
  test.each([
    [503, '{"error":"server busy, please try again.  maximum pending requests exceeded"}', 'NodeBusy', undefined],
    [429, 'slow down', 'NodeBusy', undefined],
    [499, '{"error":"request canceled"}', 'NodeBusy', undefined],
    [500, '{"error":"no reason at all"}', 'NodeUnavailable', 'server_error'],
    [500, '{"error":"timed out waiting for llama runner to start - progress 0.40"}', 'NodeUnavailable', 'model_failed'],
    [
      500,
      '{"error":"llama runner process has terminated: signal: segmentation fault"}',
      'NodeUnavailable',
      'model_failed',
    ],
    [404, '{"error":"model \\"x\\" not found, try pulling it first"}', 'ModelMissing', undefined],
    [404, '404 page not found', 'NodeUnavailable', 'not_ollama'],
    [400, '{"error":"the input length exceeds the context length"}', 'PromptTooLong', undefined],
    [400, '{"error":"invalid options"}', 'RequestRejected', undefined],
    [401, 'unauthorized', 'NodeUnavailable', 'access_denied'],
  ])('%i with %s is %s', (status, body, type, kind) => {
    const failure = failureFromStatus(node, status, body);
    expect(failure.type).toBe(type);
    expect(failure.details['kind']).toBe(kind);
  });

  test.each([
    'model requires more system memory (9.3 GiB) than is available (7.6 GiB)',
    'llama runner process has terminated: cudaMalloc failed: out of memory',
    'llama runner process has terminated: CUDA error: out of memory',
    'an error was encountered while running the model: ROCm error: out of memory',
    'Insufficient Memory (00000008:kIOGPUCommandBufferCallbackErrorOutOfMemory)',
    'llama runner process has terminated: unable to allocate CPU buffer',
    'vk::Device::allocateMemory: ErrorOutOfDeviceMemory',
    'memory layout cannot be allocated',
    'failed to allocate memory for model',
    'model failed to load, this may be due to resource limitations or an internal error, check ollama server logs',
    'llama runner process has terminated: signal: killed',
  ])('500 with "%s" is OutOfMemory', (error) => {
    expect(failureFromStatus(node, 500, JSON.stringify({ error })).type).toBe('OutOfMemory');
    expect(failureFromError(node, new Error(error)).type).toBe('OutOfMemory');
  });
});
