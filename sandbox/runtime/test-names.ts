/** What test files get when they import vitest, @jest/globals, bun:test or node:test. */
export {
  describe,
  describe as suite,
  it,
  it as test,
  beforeAll,
  beforeAll as before,
  beforeEach,
  afterAll,
  afterAll as after,
  afterEach,
  expect,
  mocks as vi,
  mocks as jest,
  mocks as mock,
} from './javascript-tests.ts';
// oxlint-disable-next-line import/no-default-export -- `import test from 'node:test'` is how that library is used.
export { it as default } from './javascript-tests.ts';
