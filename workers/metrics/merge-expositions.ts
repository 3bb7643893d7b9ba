/** The lines of one metric: what it is, and its values. */
interface Family {
  readonly head: string[];
  readonly samples: string[];
}

/**
 * Makes one Prometheus text of several. A metric may stand in a text only once, so values of the same metric, which differ in
 * their labels, are put together; its description is that of the first text.
 */
export function mergeExpositions(texts: readonly string[]): string {
  const families = new Map<string, Family>();
  for (const text of texts) addText(text, families);
  const lines = [...families.values()].flatMap(({ head, samples }) => [...head, ...samples]);
  return lines.length === 0 ? '' : `${lines.join('\n')}\n`;
}

function addText(text: string, families: Map<string, Family>): void {
  const known = new Set(families.keys());
  let family: Family = { head: [], samples: [] };
  for (const line of text.split('\n')) {
    if (line.trim() === '') continue;
    const [, name] = /^# (?:HELP|TYPE) (\S+)/.exec(line) ?? [];
    if (name === undefined) {
      if (!line.startsWith('#')) family.samples.push(line);
      continue;
    }
    family = families.get(name) ?? { head: [], samples: [] };
    families.set(name, family);
    if (!known.has(name)) family.head.push(line);
  }
}
