import { describe, expect, it } from 'vitest';
import { createProgram } from '../../cli/command-line.ts';
import { findCommandName, VERBS, withCommandName } from '../../cli/command-name.ts';
import { nameOption } from '../../cli/name-option.ts';
import { createTerminal } from '../../cli/terminal.ts';

describe('the name by which the command was called', () => {
  it.each([
    ['/cache/_npx/1/node_modules/.bin/hydra', { npm_command: 'exec' }, 'npx hydra'],
    ['/usr/local/bin/hydra', {}, 'hydra'],
    // Linked, and called by a script of another package.
    ['/usr/local/bin/hydra', { npm_command: 'run-script' }, 'hydra'],
    ['/clone/bootstrap.mjs', { npm_command: 'start' }, 'npx hydra'],
    ['/clone/bootstrap.mjs', {}, 'npx hydra'],
    [`${process.cwd()}/cli/hydra.mjs`, {}, 'node cli/hydra.mjs'],
  ])('is told from %s with %o', (calledFile, environment, name) => {
    expect(findCommandName(calledFile, environment)).toBe(name);
  });

  it.each([
    ['Start it with: hydra up', 'Start it with: npx hydra up'],
    ['HYDRA_NODES=x hydra up', 'HYDRA_NODES=x npx hydra up'],
    ['git diff | hydra generate -', 'git diff | npx hydra generate -'],
    ['npx hydra up', 'npx hydra up'],
    ['/srv/hydra up to now', '/srv/hydra up to now'],
    ['a hydra has heads', 'a hydra has heads'],
    ['hydra update', 'hydra update'],
  ])('stands in hints: "%s"', (text, shown) => {
    expect(withCommandName(text, 'npx hydra')).toBe(shown);
  });

  it('is known to go with every verb', () => {
    const context = { environment: {}, folder: '.', version: '1', terminal: createTerminal({}, 'hydra') };
    const program = createProgram({ ...context, setExitCode: () => undefined });
    expect(VERBS).toEqual(program.commands.map((command) => command.name()));
  });
});

describe('the option of a field', () => {
  it.each([
    ['language', '--language'],
    ['workflow_id', '--id'],
    ['models[0]', '--model number 1'],
    ['examples[1].call', '--example number 2, call'],
    ['tests[0].path', '--tests number 1, path'],
    ['prompt', 'prompt'],
    ['body', 'body'],
  ])('%s is %s', (field, option) => {
    expect(nameOption(field)).toBe(option);
  });
});
