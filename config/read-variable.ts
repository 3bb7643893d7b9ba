import { readDotenv, withoutEmpty } from './read-setting-files.ts';
import type { SettingInputs } from './load-settings.ts';

/** Reads single variables from where settings come from, as they are at the time: what is added to `.env` is seen at once. */
export function createVariableReader({
  environment,
  folder,
}: Pick<SettingInputs, 'environment' | 'folder'>): (name: string) => string | undefined {
  return (name) => withoutEmpty({ [name]: environment[name] })[name] ?? readDotenv(folder).texts[name];
}
