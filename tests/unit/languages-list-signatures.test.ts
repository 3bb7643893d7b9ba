import { describe, expect, test } from 'vitest';
import { listSignatures } from '../../languages/list-signatures.ts';
import { makeProbes } from '../../languages/make-probes.ts';

describe('the signatures of a program', () => {
  test('are those of the names asked for', async () => {
    const source =
      'def _helper(x):\n    return x\n\ndef fib(n: int, memo=None) -> int:\n    return n\n\ndef other(a):\n    return a\n';
    expect(await listSignatures('python', source, ['fib'])).toEqual(['def fib(n: int, memo = None)']);
  });

  test('are that of its first public function when no name is known', async () => {
    const source =
      'function hidden(a) { return a; }\nexport function gcd(a, b) { return b; }\nexport function lcm(a, b) { return a; }\n';
    expect(await listSignatures('javascript', source, [])).toEqual(['function gcd(a, b)']);
  });

  test('give probes that are equal for programs that agree on names and types', async () => {
    const probesOf = async (body: string) => {
      const signatures = await listSignatures('python', `def fib(n: int) -> int:\n    ${body}\n`, ['fib']);
      return makeProbes({ language: 'python', calls: [], signatures, seed: 1 });
    };
    const probes = await probesOf('return n');
    expect(probes.length).toBeGreaterThan(3);
    expect(await probesOf('return 0')).toEqual(probes);
  });
});
