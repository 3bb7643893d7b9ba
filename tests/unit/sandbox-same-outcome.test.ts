import { assert, property, string } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sameOutcome, sameValue } from '../../sandbox/same-outcome.ts';

describe('comparing canonical texts', () => {
  it.each([
    ['0.3', '0.30000000001'],
    ['[1, 0.333333333333]', '[1, 0.33333333333]'],
    ['2', '2.0000000001'],
    ['{"a": 1e+22}', '{"a": 1.00000000001e+22}'],
    ['-0.5', '-0.50000000001'],
  ])('%s is the same as %s', (got, expected) => {
    expect(sameValue(got, expected)).toBe(true);
  });

  it.each([
    ['1000000000000', '1000000000001'],
    ['"0.3"', '"0.30000000001"'],
    ['0.3', '0.3001'],
    ['true', '1'],
    ['[1, 2]', '(1, 2)'],
    ['[1]', '[1, 1]'],
    ['10n', '10'],
    ['Point2(x: 1)', 'Point3(x: 1)'],
    ['nan', '0'],
  ])('%s is not the same as %s', (got, expected) => {
    expect(sameValue(got, expected)).toBe(false);
  });

  it('finds every text the same as itself', () => {
    assert(property(string(), (text) => sameValue(text, text)));
  });

  it('compares errors by their type', () => {
    const error = (errorType: string, message: string) => ({ ended: 'raised', errorType, message }) as const;
    expect(sameOutcome(error('ValueError', 'a'), error('ValueError', 'b'))).toBe(true);
    expect(sameOutcome(error('ValueError', 'a'), error('TypeError', 'a'))).toBe(false);
    expect(sameOutcome({ ended: 'value', canonical: 'ValueError' }, error('ValueError', ''))).toBe(false);
  });

  it('finds calls that died the same as nothing', () => {
    expect(sameOutcome({ ended: 'crashed' }, { ended: 'crashed' })).toBe(false);
    expect(sameOutcome({ ended: 'timeout' }, { ended: 'timeout' })).toBe(false);
  });
});
