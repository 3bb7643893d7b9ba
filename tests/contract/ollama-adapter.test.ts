import { describe, expect, test } from 'vitest';

import type { SynthesisFailure } from '../../domain/failure.ts';
import type { NodeId } from '../../domain/ids.ts';
import type { GenerateTextRequest } from '../../models/language-model.ts';
import { createOllamaLanguageModel } from '../../models/ollama-language-model.ts';
import { realOllamaUrl, REAL_MODEL } from './ollama-fixture.ts';

const language = createOllamaLanguageModel();
const QUICK_MS = 30_000;

function realNode() {
  return { id: 'real' as NodeId, url: realOllamaUrl(), slots: 1 };
}

function requestFor(content: string, more: Partial<GenerateTextRequest> = {}): GenerateTextRequest {
  return {
    node: realNode(),
    model: REAL_MODEL,
    messages: [{ role: 'user', content }],
    temperature: 0,
    seed: 1,
    maxTokens: 200,
    // Small: the host of the tests reads about 30 tokens a second, and goes on reading after an abort.
    contextTokens: 256,
    deadlines: { firstTokenMs: 90_000, idleMs: 60_000, totalMs: 110_000 },
    ...more,
  };
}

async function generate(request: GenerateTextRequest, signal = new AbortController().signal) {
  const pieces: string[] = [];
  const result = await language.generateText(request, { signal, onText: (delta) => pieces.push(delta) });
  return { ...result, pieces };
}

describe('a real Ollama', () => {
  test('answers, in pieces, with its own measures', async () => {
    const result = await generate(requestFor('What is the capital of France?'));
    expect(result.text).toContain('Paris');
    expect(result.text).not.toContain('<|im_');
    expect(result.pieces.join('')).toBe(result.text);
    expect(result.pieces.length).toBeGreaterThan(1);
    expect(result.promptTokens).toBeGreaterThan(10);
    expect(result.completionTokens).toBeGreaterThan(1);
    expect(result.decodeMs).toBeGreaterThan(0);
    expect(result.totalMs).toBeGreaterThanOrEqual(result.decodeMs);
  });

  test('answers with JSON that follows a schema', async () => {
    const answerSchema = { type: 'object', properties: { even: { type: 'boolean' } }, required: ['even'] };
    const result = await generate(requestFor('Is 4 even? Answer {"even":true} or {"even":false}.', { answerSchema }));
    expect(typeof (JSON.parse(result.text) as { even: unknown }).even).toBe('boolean');
  });

  test('continues a text that another host began', async () => {
    const resumeText = 'The capital of France is';
    const result = await generate(requestFor('What is the capital of France?', { resumeText }));
    expect(result.text.startsWith(resumeText)).toBe(true);
    expect(result.text.slice(resumeText.length)).toMatch(/^ Paris/);
  });

  test('is cut at the token limit: AnswerTruncated with the text so far', async () => {
    const call = generate(requestFor('Count to 100.', { maxTokens: 3 }));
    const failure = await call.catch((error: unknown) => error as SynthesisFailure);
    expect(failure).toMatchObject({ type: 'AnswerTruncated', details: { nodeId: 'real', completionTokens: 3 } });
    expect((failure as SynthesisFailure).details['partialText']).not.toBe('');
  });

  test('does not have a model: ModelMissing', async () => {
    await expect(generate(requestFor('Hi', { model: 'nope:1b' }))).rejects.toMatchObject({ type: 'ModelMissing' });
  });

  test('stops at an abort, and is free for the next call', async () => {
    const controller = new AbortController();
    const long = requestFor('Write a long story.', { maxTokens: 20_000 });
    const reason = new Error('enough');
    const call = language.generateText(long, { signal: controller.signal, onText: () => controller.abort(reason) });
    await expect(call).rejects.toBe(reason);
    // The story would hold the only slot for much longer than the deadline of this call.
    await expect(generate(requestFor('Hi', { maxTokens: 1 }))).rejects.toMatchObject({ type: 'AnswerTruncated' });
  });

  test('tells version, models, what is in memory, and facts of a model', async () => {
    const node = realNode();
    expect(await language.getVersion(node, QUICK_MS)).toMatch(/^\d+\.\d+/);
    const models = await language.listModels(node, QUICK_MS);
    const model = models.find((entry) => entry.name === REAL_MODEL);
    expect(model).toMatchObject({ family: 'llama', parameterSize: '134.52M' });
    expect(model?.sizeBytes).toBeGreaterThan(50_000_000);
    await expect(generate(requestFor('Hi', { maxTokens: 1 }))).rejects.toMatchObject({ type: 'AnswerTruncated' });
    const residents = await language.listResidentModels(node, QUICK_MS);
    expect(residents.map(({ name }) => name)).toContain(REAL_MODEL);
    const details = await language.showModel(node, REAL_MODEL, QUICK_MS);
    expect(details).toMatchObject({ contextTokens: 8192, parameterSize: '134.52M' });
    expect(details.capabilities).toContain('completion');
    await expect(language.showModel(node, 'nope', QUICK_MS)).rejects.toMatchObject({ type: 'ModelMissing' });
  });

  test('does not read the whole of a prompt above its window: PromptTooLong', async () => {
    const call = generate(requestFor('many words '.repeat(300), { maxTokens: 1, contextTokens: 64 }));
    await expect(call).rejects.toMatchObject({ type: 'PromptTooLong' });
  });
});
