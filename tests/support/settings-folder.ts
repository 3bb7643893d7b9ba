import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { loadSettings, type LoadedSettings, type SettingInputs } from '../../config/load-settings.ts';
import type { SettingProblem } from '../../config/setting-problem.ts';
import type { Settings } from '../../config/settings.ts';
import { onTestFinished } from 'vitest';

/** Files of a project folder, by relative path. */
export type FolderFiles = Readonly<Record<string, string>>;

/** Makes a project folder that is gone after the test. */
export function makeSettingsFolder(files: FolderFiles = {}): string {
  const folder = mkdtempSync(join(tmpdir(), 'hydra-settings-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  return folder;
}

type Given = Partial<Omit<SettingInputs, 'folder'>> & { readonly files?: FolderFiles };

/** Loads settings from nothing but what is given. */
export function load({ environment = {}, flags = {}, files = {} }: Given = {}): LoadedSettings {
  return loadSettings({ environment, flags, folder: makeSettingsFolder(files) });
}

/** Loads settings that must be right. */
export function loadGood(given: Given = {}): Settings {
  const loaded = load(given);
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems, null, 2));
  return loaded.settings;
}

/** Loads settings that must be wrong. */
export function loadBad(given: Given): readonly SettingProblem[] {
  const loaded = load(given);
  if (loaded.ok) throw new Error('The settings were accepted.');
  return loaded.problems;
}
