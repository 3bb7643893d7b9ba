import { describe, expect, it } from 'vitest';
import { isSafePath } from '../../domain/safe-path.ts';

describe('a file name of a program', () => {
  it.each(['main.py', 'src/util/a-b_c.ts', 'app/[id]/page.tsx', 'größe.py', 'größe.py'.normalize('NFD'), 'a b,c.txt'])(
    '%j is taken',
    (path) => {
      expect(isSafePath(path)).toBe(true);
    },
  );

  it.each([
    ['leaves its folder', ['../a', 'a/..', 'a/../../b', '/etc/passwd', '~/a', '']],
    ['is read differently from system to system', ['./a', 'a/', 'a//b', 'a\\b', 'a.', ' a', 'a ', 'x'.repeat(300)]],
    ['is a drive, a stream or a device of Windows', ['C:\\x', 'C:x', 'a:b', 'nul', 'src/aux.txt', 'COM1']],
    ['is hidden, and may be obeyed by a tool', ['.git/hooks/pre-commit', '.npmrc', 'src/.env', '...']],
    ['holds what is not printed', ['a\0b', 'a\nb', 'a\u202eb']],
  ])('that %s is refused', (_, paths) => {
    expect(paths.filter(isSafePath)).toEqual([]);
  });
});
