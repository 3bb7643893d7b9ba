import { join } from 'node:path';
import { toFileProblem } from './file-problems.ts';
import { readYamlFile, type Texts } from './read-setting-files.ts';
import { MODELS_FILE, type SettingDefinition } from './define-setting.ts';
import { SETTING_KEYS, SETTINGS } from './setting-definitions.ts';
import type { SettingProblem } from './setting-problem.ts';
import { suggestName } from './suggest-name.ts';
import { formatTaskModels, TASKS_KEY } from './task-models.ts';

interface FileTexts {
  readonly texts: Texts;
  readonly problems: readonly SettingProblem[];
}

/** Reads `config/models.yaml` as texts by dotted key, such as `orchestrator.light.model`; unknown keys are problems. */
export function readModelsFile(folder: string): FileTexts {
  const file = readYamlFile(join(folder, MODELS_FILE), MODELS_FILE);
  if (file.content === undefined) return { texts: {}, problems: file.problems };
  const texts: Record<string, string> = {};
  const problems: SettingProblem[] = [];
  for (const [key, value] of flatten(file.content, '')) {
    const problem = MODEL_KEYS.includes(key) ? takeText(key, value, texts) : unknownKey(key);
    if (problem !== null) problems.push(problem);
  }
  return { texts, problems };
}

const MODEL_KEYS: readonly string[] = SETTING_KEYS.map((key): SettingDefinition<unknown> => SETTINGS[key]).flatMap(
  ({ fileKey }) => (fileKey?.file === MODELS_FILE ? [fileKey.key] : []),
);

/** Leaves of nested maps with their dotted keys; a known key is a leaf whatever it holds. */
function flatten(content: unknown, prefix: string): (readonly [string, unknown])[] {
  if (typeof content !== 'object' || content === null || Array.isArray(content)) return [[prefix, content]];
  return Object.entries(content).flatMap(([name, value]) => {
    const key = prefix === '' ? name : `${prefix}.${name}`;
    return MODEL_KEYS.includes(key) ? [[key, value] as const] : flatten(value, key);
  });
}

function takeText(key: string, value: unknown, texts: Record<string, string>): SettingProblem | null {
  if (value === null) return null;
  if (key === TASKS_KEY) return takeTasks(value, texts);
  const items: readonly unknown[] = Array.isArray(value) ? value : [value];
  if (items.some((item) => typeof item === 'object')) {
    return toFileProblem(key, 'a name, or a list of names', JSON.stringify(value), MODELS_FILE);
  }
  if (items.length > 0) texts[key] = items.map(String).join(', ');
  return null;
}

function takeTasks(value: unknown, texts: Record<string, string>): SettingProblem | null {
  const text = formatTaskModels(value);
  if (text === null)
    return toFileProblem(TASKS_KEY, 'a map of tasks with their models', JSON.stringify(value), MODELS_FILE);
  if (text !== '') texts[TASKS_KEY] = text;
  return null;
}

function unknownKey(key: string): SettingProblem {
  return toFileProblem(key || 'the file', `no such key${suggestName(key, MODEL_KEYS)}`, '', MODELS_FILE);
}
