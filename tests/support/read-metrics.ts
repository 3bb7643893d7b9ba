/** One line with a value. */
interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** A scrape as Prometheus would read it. */
export interface Scrape {
  /** Type of each metric by name. */
  readonly types: ReadonlyMap<string, string>;
  /** Sum of the samples that have this name and these labels; undefined when there is none. */
  value(name: string, labels?: Readonly<Record<string, string>>): number | undefined;
  /** What `promtool check metrics` would say against it. */
  readonly problems: readonly string[];
}

const NAME = '[a-zA-Z_:][a-zA-Z0-9_:]*';
const DESCRIPTION = new RegExp(`^# (HELP|TYPE) (${NAME}) (.+)$`);
const LABEL = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"/;
const SAMPLE = new RegExp(`^(${NAME})(?:\\{(${LABEL.source}(?:,${LABEL.source})*,?)?\\})? (\\S+)$`);
const TYPES = ['counter', 'gauge', 'histogram', 'summary', 'untyped'];
const HISTOGRAM_PARTS = ['_bucket', '_sum', '_count'];

/** Reads a Prometheus text, version 0.0.4. Errors: a line that breaks its grammar. */
export function readScrape(text: string): Scrape {
  const types = new Map<string, string>();
  const samples: Sample[] = [];
  const problems: string[] = text.endsWith('\n') || text === '' ? [] : ['the last line does not end'];
  const described = new Set<string>();
  for (const line of text.split('\n').filter((one) => one !== '')) {
    const [, keyword, name = '', rest = ''] = DESCRIPTION.exec(line) ?? [];
    if (keyword === undefined) samples.push(readSample(line, [...types].at(-1), problems));
    else if (described.has(`${keyword} ${name}`)) problems.push(`${name}: described twice`);
    described.add(`${keyword} ${name}`);
    if (keyword === 'TYPE') types.set(name, rest);
  }
  problems.push(...[...types].flatMap(([name, type]) => checkName(name, type)), ...findRepeats(samples));
  for (const name of types.keys()) if (!described.has(`HELP ${name}`)) problems.push(`${name}: no help`);
  return { types, problems, value: (name, labels = {}) => sumOf(samples, name, labels) };
}

function readSample(line: string, last: readonly [string, string] | undefined, problems: string[]): Sample {
  const parts = SAMPLE.exec(line);
  const value = parts?.at(-1)?.replace('Inf', 'Infinity');
  if (!parts || value === undefined || (value !== 'NaN' && Number.isNaN(Number(value))))
    throw new Error(`No sample: ${line}`);
  const [, name = '', labels = ''] = parts;
  const [family = '', type = ''] = last ?? [];
  const allowed = type === 'histogram' ? HISTOGRAM_PARTS.map((part) => family + part) : [family];
  if (!allowed.includes(name)) problems.push(`${name}: not where its metric is described`);
  const read = [...labels.matchAll(new RegExp(LABEL, 'g'))].map(([, label = '', text = '']) => [label, text]);
  return { name, labels: Object.fromEntries(read) as Record<string, string>, value: Number(value) };
}

function checkName(name: string, type: string): string[] {
  const isCounter = type === 'counter';
  return [
    ...(TYPES.includes(type) ? [] : [`${name}: no type ${type}`]),
    ...(isCounter === name.endsWith('_total') ? [] : [`${name}: counters, and only they, end in _total`]),
    ...(/[A-Z]|_(milliseconds|minutes|kilobytes|megabytes)(_|$)/.test(name) ? [`${name}: not in base units`] : []),
    ...(/_(sum|count|bucket)$/.test(name) ? [`${name}: the name of a part of a histogram`] : []),
  ];
}

/** The same series with two values: Prometheus refuses the whole scrape. */
function findRepeats(samples: readonly Sample[]): string[] {
  const keys = samples.map(
    ({ name, labels }) => `${name} ${JSON.stringify(Object.entries(labels).sort(([a], [b]) => a.localeCompare(b)))}`,
  );
  return keys.filter((key, index) => keys.indexOf(key) !== index).map((key) => `${key}: twice`);
}

function sumOf(samples: readonly Sample[], name: string, labels: Readonly<Record<string, string>>): number | undefined {
  const wanted = Object.entries(labels);
  const found = samples.filter(
    (one) => one.name === name && wanted.every(([label, text]) => one.labels[label] === text),
  );
  return found.length === 0 ? undefined : found.reduce((sum, { value }) => sum + value, 0);
}
