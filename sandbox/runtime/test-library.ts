/** The assertions of jest as one file without imports: set-up bundles this. */
import { ModuleMocker } from 'jest-mock';

export { expect } from 'expect';

/** The functions of `vi` and `jest` that need no other part of those libraries. */
export function createMocks(): Readonly<Record<string, unknown>> {
  const mocker = new ModuleMocker(globalThis);
  return {
    fn: mocker.fn.bind(mocker),
    spyOn: mocker.spyOn.bind(mocker),
    mocked: <Value>(value: Value): Value => value,
    isMockFunction: mocker.isMockFunction.bind(mocker),
    clearAllMocks: () => mocker.clearAllMocks(),
    resetAllMocks: () => mocker.resetAllMocks(),
    restoreAllMocks: () => mocker.restoreAllMocks(),
  };
}
