import { expect, test } from 'vitest';
import { hidePassword } from '../../../memory/postgres/postgres-connection.ts';

test.each([
  ['postgres://me:hush@db:5433/hydra', 'postgres://me@db:5433/hydra'],
  ['postgres://db/hydra?user=me&password=hush&sslmode=require', 'postgres://db/hydra?user=me&sslmode=require'],
  ['postgres:///hydra?host=/run/postgresql', 'postgres:///hydra?host=%2Frun%2Fpostgresql'],
])('%s is shown without its password', (url, shown) => {
  expect(hidePassword(url)).toBe(shown);
});
