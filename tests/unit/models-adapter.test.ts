import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, test, vi } from 'vitest';

import { SynthesisFailure } from '../../domain/failure.ts';
import type { NodeId } from '../../domain/ids.ts';
import type { NodeAddress } from '../../domain/node.ts';
import type { GenerateTextRequest } from '../../models/language-model.ts';
import { createOllamaLanguageModel } from '../../models/ollama-language-model.ts';
import { pullModel, type PullProgress } from '../../models/pull-model.ts';
import { simulatedModel } from '../../models/simulated-node/options.ts';
import type { SimulatedNodeOptions } from '../../models/simulated-node/options.ts';
import { startSimulatedNode } from '../../models/simulated-node/start-simulated-node.ts';
import type { SimulatedNode } from '../../models/simulated-node/start-simulated-node.ts';

const language = createOllamaLanguageModel();
const ANSWER = 'def add(a, b):\n    return a + b\n';
const DEADLINES = { firstTokenMs: 20_000, idleMs: 20_000, totalMs: 60_000 };
const running: { close(): Promise<void> }[] = [];

afterEach(async () => {
  for (const node of running.splice(0)) await node.close();
});

async function start(options: SimulatedNodeOptions = {}): Promise<SimulatedNode> {
  const node = await startSimulatedNode({ answers: () => ANSWER, ...options });
  running.push(node);
  return node;
}

function addressOf(node: { readonly url: string }, more: Partial<NodeAddress> = {}): NodeAddress {
  return { id: 'n1' as NodeId, url: node.url, slots: 1, ...more };
}

function requestTo(node: { readonly url: string }, more: Partial<GenerateTextRequest> = {}): GenerateTextRequest {
  return {
    node: addressOf(node),
    model: 'simulated',
    messages: [{ role: 'user', content: 'Say something.' }],
    temperature: 0.2,
    seed: 7,
    maxTokens: 2_000,
    contextTokens: 8192,
    deadlines: DEADLINES,
    ...more,
  };
}

async function generate(request: GenerateTextRequest, signal = new AbortController().signal) {
  const pieces: string[] = [];
  const result = await language.generateText(request, { signal, onText: (delta) => pieces.push(delta) });
  return { ...result, pieces };
}

async function failureOf(promise: Promise<unknown>): Promise<SynthesisFailure> {
  const outcome = await promise.then(
    () => 'no failure',
    (error: unknown) => error,
  );
  if (outcome instanceof SynthesisFailure) return outcome;
  throw new Error(`expected a SynthesisFailure, got ${String(outcome)}`);
}

describe('a finished answer', () => {
  test('comes whole, in pieces as it arrives, with what the host measured', async () => {
    const speed = { promptTokensPerSecond: 1_000, completionTokensPerSecond: 200, loadBytesPerSecond: 20 * 1024 ** 3 };
    const result = await generate(requestTo(await start({ speed })));
    expect(result.text).toBe(ANSWER);
    expect(result.pieces.join('')).toBe(ANSWER);
    expect(result.pieces.length).toBeGreaterThan(3);
    expect(result.completionTokens).toBe(Math.ceil(ANSWER.length / 4));
    expect(result.promptTokens).toBeGreaterThan(0);
    expect(result.loadMs).toBeGreaterThan(40);
    expect(result.decodeMs).toBeCloseTo(result.completionTokens * 5, 0);
    expect(result.totalMs).toBeGreaterThan(result.decodeMs);
  });

  test('was asked for with all options, and with truncation off', async () => {
    const node = await start();
    await generate(
      requestTo(node, {
        messages: [
          { role: 'system', content: 'Be brief.' },
          { role: 'user', content: 'Hi' },
        ],
      }),
    );
    expect(node.log().calls[0]?.body).toEqual({
      model: 'simulated',
      messages: [
        { role: 'system', content: 'Be brief.' },
        { role: 'user', content: 'Hi' },
      ],
      stream: true,
      truncate: false,
      options: { num_ctx: 8192, num_predict: 2_000, temperature: 0.2, seed: 7, top_p: 0.95 },
    });
  });

  test('reuses connections from call to call', async () => {
    const node = await start();
    for (let call = 0; call < 20; call += 1) await generate(requestTo(node));
    // Two: the end of a stream may arrive just after the next call has begun.
    expect(node.log().connections).toBeLessThanOrEqual(2);
  });

  test('keeps thinking apart, as a field and as tags', async () => {
    const thinker = simulatedModel('simulated', { capabilities: ['completion', 'thinking'] });
    const asField = await start({ models: [thinker], answers: () => ({ text: ANSWER, thinking: 'Let me see.' }) });
    const asTags = await start({ answers: () => `<think>\nLet me see.\n</think>\n\n${ANSWER}` });
    for (const node of [asField, asTags]) {
      const result = await generate(requestTo(node));
      expect(result.text).toBe(ANSWER);
      expect(result.pieces.join('')).toBe(ANSWER);
      expect(result.thinking.trim()).toBe('Let me see.');
    }
  });

  test('continues a resumed text and contains it', async () => {
    const node = await start();
    const result = await generate(requestTo(node, { resumeText: ANSWER.slice(0, 10) }));
    expect(result.text).toBe(ANSWER);
    expect(result.pieces.join('')).toBe(ANSWER.slice(10));
    expect(node.log().calls[0]?.body['messages']).toContainEqual({ role: 'assistant', content: ANSWER.slice(0, 10) });
  });

  test('survives bytes that are not UTF-8', async () => {
    const result = await generate(requestTo(await start({ faults: [{ kind: 'invalid_utf8' }] })));
    expect(result.text).toBe(`${ANSWER}\uFFFD(\uFFFD`);
  });

  test('passes an error of the reader of its pieces on as it is', async () => {
    const node = await start();
    const signal = new AbortController().signal;
    const onText = (): void => {
      throw new RangeError('reader');
    };
    await expect(language.generateText(requestTo(node), { signal, onText })).rejects.toThrow(RangeError);
  });
});

describe('an answer with a schema', () => {
  const answerSchema = { type: 'object', properties: { kind: { enum: ['a', 'b'] } }, required: ['kind'] };

  test('is valid JSON, with thinking off', async () => {
    const node = await start({ answers: () => undefined });
    const result = await generate(requestTo(node, { answerSchema }));
    expect(JSON.parse(result.text)).toEqual({ kind: 'a' });
    expect(node.log().calls[0]?.body).toMatchObject({ think: false, format: answerSchema });
  });

  test('is asked for without the word think where it is refused, and the host is remembered', async () => {
    const node = await start({ faults: [{ kind: 'refuse_think' }], answers: () => undefined });
    await generate(requestTo(node, { answerSchema }));
    await generate(requestTo(node, { answerSchema }));
    expect(node.log().calls.map((call) => 'think' in call.body)).toEqual([true, false, false]);
  });
});

describe('a host that fails', () => {
  test.each([
    ['dies in the middle of an answer', { kind: 'die_mid_stream', afterTokens: 3 }, 'stream_error'],
    ['ends the stream without the last message', { kind: 'end_without_done', afterTokens: 3 }, 'stream_error'],
    ['reports an error in the middle', { kind: 'error_line', afterTokens: 3, message: 'cuda' }, 'stream_error'],
    ['ends with an unknown reason', { kind: 'done_reason', afterTokens: 3, reason: 'unload' }, 'stream_error'],
  ] as const)('and %s: NodeUnavailable with the text so far', async (_name, fault, kind) => {
    const failure = await failureOf(generate(requestTo(await start({ faults: [fault] }))));
    expect(failure.type).toBe('NodeUnavailable');
    expect(failure.details).toMatchObject({ nodeId: 'n1', kind, partialText: ANSWER.slice(0, 12) });
    expect(String(failure.details['reason'])).not.toBe('');
  });

  test.each([
    [503, 'server busy, please try again.  maximum pending requests exceeded', 'NodeBusy'],
    [500, 'model requires more system memory (9 GiB) than is available', 'OutOfMemory'],
    [500, 'no reason at all', 'NodeUnavailable'],
  ])('with HTTP %i and "%s": %s, and the call is not repeated', async (status, message, type) => {
    const node = await start({ faults: [{ kind: 'http_error', status, message }] });
    const failure = await failureOf(generate(requestTo(node)));
    expect(failure).toMatchObject({ type, details: { status, reason: message } });
    expect(node.log().calls).toHaveLength(1);
  });

  test('by sending a line of 10 MB: NodeUnavailable, and memory stays bounded', async () => {
    const node = await start({ faults: [{ kind: 'huge_line', bytes: 10 * 1024 * 1024 }] });
    const failure = await failureOf(generate(requestTo(node)));
    expect(failure).toMatchObject({ type: 'NodeUnavailable', details: { kind: 'stream_error' } });
    expect(failure.message).toContain('longer than');
  });

  test('by not being there: NodeUnavailable of kind connect', async () => {
    const node = await start();
    await node.kill();
    const failure = await failureOf(generate(requestTo(node)));
    expect(failure).toMatchObject({ type: 'NodeUnavailable', details: { kind: 'connect', partialText: '' } });
  });

  test('by losing power while it answers: NodeUnavailable with the text so far', async () => {
    const node = await start({ speed: { completionTokensPerSecond: 20 } });
    const call = failureOf(generate(requestTo(node)));
    await vi.waitFor(() => expect(node.log().calls[0]?.tokens).toBeGreaterThan(2), { timeout: 10_000 });
    await node.kill();
    const failure = await call;
    expect(failure).toMatchObject({ type: 'NodeUnavailable', details: { kind: 'stream_error' } });
    expect(ANSWER.startsWith(String(failure.details['partialText']))).toBe(true);
    expect(failure.details['partialText']).not.toBe('');
  });

  test('because something else answers there: NodeUnavailable of kind not_ollama', async () => {
    const server = createServer((_request, response) => {
      response.writeHead(200, { 'content-type': 'text/html' });
      response.end('<html>Log in</html>');
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    running.push({ close: () => new Promise((resolve) => server.close(() => resolve())) });
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const failure = await failureOf(generate(requestTo({ url })));
    expect(failure).toMatchObject({ type: 'NodeUnavailable', details: { kind: 'not_ollama' } });
    const version = await failureOf(language.getVersion(addressOf({ url }), 5_000));
    expect(version.details['kind']).toBe('not_ollama');
    server.closeAllConnections();
  });
});

describe('a deadline', () => {
  test('for the first token ends a call to a host that accepts and never answers', async () => {
    const node = await start({ faults: [{ kind: 'never_answer' }] });
    const deadlines = { ...DEADLINES, firstTokenMs: 150 };
    const failure = await failureOf(generate(requestTo(node, { deadlines })));
    expect(failure).toMatchObject({ type: 'NodeUnavailable', details: { kind: 'first_token', deadlineMs: 150 } });
    await vi.waitFor(() => expect(node.log().totals.aborted).toBe(1), { timeout: 10_000 });
  });

  test('for the next token ends a call that stalls, and the socket is closed', async () => {
    const node = await start({ faults: [{ kind: 'stall_mid_stream', afterTokens: 3 }] });
    const deadlines = { ...DEADLINES, idleMs: 150 };
    const failure = await failureOf(generate(requestTo(node, { deadlines })));
    expect(failure.details).toMatchObject({ kind: 'idle', partialText: ANSWER.slice(0, 12) });
    await vi.waitFor(() => expect(node.log().totals.aborted).toBe(1), { timeout: 10_000 });
  });

  test('for the whole call ends one that goes on', async () => {
    const node = await start({ speed: { completionTokensPerSecond: 10 } });
    const deadlines = { ...DEADLINES, totalMs: 350 };
    const failure = await failureOf(generate(requestTo(node, { deadlines })));
    expect(failure.details).toMatchObject({ kind: 'total', deadlineMs: 350 });
  });

  test('for the next token starts over with each one', async () => {
    const node = await start({ speed: { completionTokensPerSecond: 5 } });
    const result = await generate(requestTo(node, { deadlines: { ...DEADLINES, idleMs: 1_200 } }));
    expect(result.text).toBe(ANSWER);
    expect(result.decodeMs).toBeGreaterThan(1_200);
  });
});

describe('an abort by the caller', () => {
  test('in the middle rejects with its reason and closes the socket at once', async () => {
    const node = await start({ speed: { completionTokensPerSecond: 10 } });
    const controller = new AbortController();
    const reason = new Error('not needed any more');
    const call = expect(generate(requestTo(node), controller.signal)).rejects.toBe(reason);
    await vi.waitFor(() => expect(node.log().calls[0]?.tokens).toBeGreaterThan(0), { timeout: 10_000 });
    const abortedAt = performance.now();
    controller.abort(reason);
    await call;
    await vi.waitFor(() => expect(node.log().totals.aborted).toBe(1), { timeout: 60_000, interval: 5 });
    // For a machine that does other things: the whole answer would be minutes, and a deadline 20 s.
    expect(performance.now() - abortedAt).toBeLessThan(15_000);
  });

  test('before the first byte, or before the call, rejects with its reason', async () => {
    const node = await start({ faults: [{ kind: 'never_answer' }] });
    const controller = new AbortController();
    const call = expect(generate(requestTo(node), controller.signal)).rejects.toBe('stop');
    await vi.waitFor(() => expect(node.log().calls).toHaveLength(1), { timeout: 10_000 });
    controller.abort('stop');
    await call;
    await expect(generate(requestTo(node), AbortSignal.abort('early'))).rejects.toBe('early');
    expect(node.log().calls).toHaveLength(1);
  });
});

describe('an answer that cannot be used', () => {
  test('was cut at its token limit: AnswerTruncated with the text so far', async () => {
    const failure = await failureOf(generate(requestTo(await start(), { maxTokens: 3 })));
    expect(failure.type).toBe('AnswerTruncated');
    expect(failure.details).toMatchObject({ partialText: ANSWER.slice(0, 12), maxTokens: 3, completionTokens: 3 });
  });

  test.each(['   \n', 'again and again '])(
    'repeats %j for ever: ModelOutputInvalid, and the host is freed',
    async (text) => {
      const node = await start({ faults: [{ kind: 'repeat', text }], speed: { completionTokensPerSecond: 20_000 } });
      const failure = await failureOf(generate(requestTo(node, { maxTokens: 100_000 })));
      expect(failure).toMatchObject({ type: 'ModelOutputInvalid', details: { reason: 'repetition' } });
      expect(String(failure.details['partialText']).length).toBeLessThan(200_000);
      await vi.waitFor(() => expect(node.log().totals.aborted).toBe(1), { timeout: 10_000 });
    },
  );

  test('belongs to a prompt that the host cut: PromptTooLong', async () => {
    const messages = [{ role: 'user', content: 'word '.repeat(5_500) }] as const;
    const cut = await start({ faults: [{ kind: 'cut_prompt', promptTokens: 900 }] });
    expect((await failureOf(generate(requestTo(cut, { messages })))).type).toBe('PromptTooLong');
    const refusing = await start();
    const tooLong = [{ role: 'user', content: 'word '.repeat(20_000) }] as const;
    expect((await failureOf(generate(requestTo(refusing, { messages: tooLong })))).type).toBe('PromptTooLong');
  });

  test('comes from a model that is not there: ModelMissing', async () => {
    const failure = await failureOf(generate(requestTo(await start(), { model: 'nope' })));
    expect(failure).toMatchObject({ type: 'ModelMissing', details: { nodeId: 'n1', status: 404 } });
  });

  test('comes from a model that cannot chat: RequestRejected', async () => {
    const models = [simulatedModel('simulated', { capabilities: ['embedding'] })];
    expect((await failureOf(generate(requestTo(await start({ models }))))).type).toBe('RequestRejected');
  });
});

describe('pulling a model', () => {
  test('tells its progress, and the host has the model', async () => {
    const node = await start();
    const seen: string[] = [];
    await pullModel(
      addressOf(node),
      'new-model',
      (step) => seen.push(`${step.status} ${step.completedBytes}`),
      neverAborted(),
    );
    expect(seen[0]).toBe('pulling manifest null');
    expect(seen.at(-1)).toBe(`success ${1024 ** 3}`);
    expect(seen).toContainEqual(expect.stringMatching(new RegExp(`^pulling [0-9a-f]{12} ${1024 ** 3}$`)));
    expect((await generate(requestTo(node, { model: 'new-model' }))).text).toBe(ANSWER);
  });

  test('that no registry has is ModelMissing; from a dead host it is NodeUnavailable', async () => {
    const node = await start();
    const pull = (): Promise<void> => pullModel(addressOf(node), 'missing', () => undefined, neverAborted());
    expect((await failureOf(pull())).type).toBe('ModelMissing');
    await node.kill();
    expect((await failureOf(pull())).type).toBe('NodeUnavailable');
  });

  test.each([
    [{ kind: 'disk_full', afterBytes: 0 }, 'PullRefused', /-partial: no space left on device$/],
    [{ kind: 'registry_away' }, 'NodeUnavailable', /lookup registry.ollama.ai: no such host$/],
  ] as const)('that meets %j fails in the words of the host', async (fault, type, message) => {
    const node = await start({ faults: [fault] });
    const failure = await failureOf(pullModel(addressOf(node), 'new-model', () => undefined, neverAborted()));
    expect(failure).toMatchObject({ type, message: expect.stringMatching(message) });
  });

  test('under a name that the host does not take is PullRefused', async () => {
    const node = await start();
    const failure = await failureOf(pullModel(addressOf(node), 'no name!', () => undefined, neverAborted()));
    expect(failure).toMatchObject({ type: 'PullRefused', message: expect.stringContaining('invalid model name') });
  });

  test('that is broken off goes on where it stopped', async () => {
    const node = await start({ speed: { pullBytesPerSecond: 1024 ** 3 } });
    const leaving = new AbortController();
    const onHalf = ({ completedBytes }: PullProgress): void => {
      if ((completedBytes ?? 0) > 0.2 * 1024 ** 3) leaving.abort(new Error('left'));
    };
    await expect(pullModel(addressOf(node), 'new-model', onHalf, leaving.signal)).rejects.toThrow('left');
    const seen: number[] = [];
    await pullModel(addressOf(node), 'new-model', (step) => seen.push(step.completedBytes ?? 0), neverAborted());
    expect(seen.find((bytes) => bytes > 0)).toBeGreaterThan(0.2 * 1024 ** 3);
    expect(node.log().calls.map((call) => call.ending)).toEqual(['aborted', 'answered']);
  });
});

function neverAborted(): AbortSignal {
  return new AbortController().signal;
}
