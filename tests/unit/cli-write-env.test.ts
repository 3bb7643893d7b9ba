import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { addToEnv } from '../../cli/write-env.ts';
import { makeSettingsFolder } from '../support/settings-folder.ts';

const LINES = ['REDIS_URL=redis://:word@127.0.0.1:6379', 'CHROMA_URL=http://127.0.0.1:8000'];

describe('adding lines to .env', () => {
  it('makes the file for its owner only where there is none', () => {
    const folder = makeSettingsFolder();
    expect(addToEnv(folder, LINES)).toEqual({ added: LINES, left: [] });
    expect(readFileSync(join(folder, '.env'), 'utf8')).toBe(`${LINES.join('\n')}\n`);
    expect(statSync(join(folder, '.env')).mode & 0o077).toBe(0);
  });

  it('keeps what is there, also where its last line has no end', () => {
    const folder = makeSettingsFolder({ '.env': '# mine\nHYDRA_API_PORT=9000' });
    addToEnv(folder, LINES);
    expect(readFileSync(join(folder, '.env'), 'utf8')).toBe(`# mine\nHYDRA_API_PORT=9000\n${LINES.join('\n')}\n`);
  });

  it('changes no value that is there, and takes a line that is switched off as absent', () => {
    const text = 'export REDIS_URL=redis://mine\n#CHROMA_URL=\n';
    const folder = makeSettingsFolder({ '.env': text });
    expect(addToEnv(folder, LINES)).toEqual({ added: [LINES[1]], left: [LINES[0]] });
    expect(readFileSync(join(folder, '.env'), 'utf8')).toBe(`${text}${LINES[1]}\n`);
  });

  it('adds nothing the second time', () => {
    const folder = makeSettingsFolder();
    addToEnv(folder, LINES);
    expect(addToEnv(folder, LINES)).toEqual({ added: [], left: LINES });
  });
});
