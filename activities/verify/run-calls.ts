import { isRunnable } from '../../domain/language.ts';
import type { Example } from '../../domain/request.ts';
import type { Check, ProbeOutcome } from '../../domain/verdict.ts';
import { listSignatures } from '../../languages/list-signatures.ts';
import { makeProbes } from '../../languages/make-probes.ts';
import { sameOutcome } from '../../sandbox/same-outcome.ts';
import type { CallOutcome, SandboxReport } from '../../sandbox/program-runner.ts';
import { cutEvidence, since, skippedCheck, type CheckStep, type Subject } from './check-step.ts';
import { NOT_RUN, raisedType } from './evaluate-expected.ts';

/** Longest canonical value that is kept of a probe: equal prefixes of this length are taken as equal values. */
const PROBE_VALUE_CHARACTERS = 500;

/** A call with what it must give; `expected` was evaluated where no candidate could see it. */
interface ExpectedCall {
  readonly example: Example;
  readonly expected: CallOutcome;
}

/**
 * Loads the program and calls it: the user's examples prove or reject, the plan's and a model's examples score, and probes
 * are kept for comparison with other candidates. One sandbox start for all of them.
 */
export const runCalls: CheckStep = async (subject) => {
  const { program, runner } = subject;
  if (!isRunnable(program.language))
    return { checks: [skippedCheck('import', 'hydra', `Hydra does not run ${program.language}; it was only parsed.`)] };
  if (!runner) return { checks: [skippedCheck('import', 'hydra', `Nothing was run: ${subject.noRunnerReason}`)] };
  const startedAt = performance.now();
  const examples = examplesOf(subject);
  const expected = await subject.evaluateExpected(examples);
  const probes = await makeProbes({
    language: program.language,
    calls: examples.map((example) => example.call),
    signatures: await signaturesToProbe(subject, examples),
    seed: 1,
  });
  const expressions = [...examples.map((example) => example.call), ...probes];
  const report = await runner.run(
    {
      language: program.language,
      files: program.files,
      task: { kind: 'calls', module: program.mainFile, expressions },
      limits: subject.limits,
    },
    subject.signal,
  );
  const loaded = importCheck(report, since(startedAt));
  if (loaded.outcome !== 'passed') return { checks: [loaded], ranOn: report.runner };
  const calls = examples.map((example, index) => ({
    example,
    expected: expected[index] ?? NOT_RUN,
    got: report.calls[index] ?? NOT_RUN,
  }));
  const outcomes = probes.map((call, index) => toProbe(call, report.calls[examples.length + index] ?? NOT_RUN));
  const checks = [loaded, ...exampleChecks(calls, report.ending, since(startedAt)), ...probesCheck(outcomes)];
  return { checks, probes: outcomes, ranOn: report.runner };
};

function examplesOf({ scope, proposedCalls }: Subject): readonly Example[] {
  const own = scope.planned ? scope.planned.part.examples : scope.classification.examples;
  return [...own, ...proposedCalls];
}

/** A part's contract says how it is called; where not even an example does, the program's own declarations have to. */
async function signaturesToProbe(
  { scope, program }: Subject,
  examples: readonly Example[],
): Promise<readonly string[]> {
  if (scope.planned) return scope.planned.part.provides.map((symbol) => symbol.signature);
  const main = program.files.find((file) => file.path === program.mainFile);
  if (examples.length > 0 || !main || !isRunnable(program.language)) return [];
  return listSignatures(program.language, main.content, scope.classification.entryPoints);
}

function importCheck(report: SandboxReport, durationMs: number): Check {
  const outcome = report.loaded
    ? 'passed'
    : report.ending === 'wall_clock' || report.ending === 'cpu'
      ? 'timeout'
      : 'failed';
  return {
    kind: 'import',
    author: 'hydra',
    trusted: true,
    inProcess: false,
    outcome,
    passedCount: report.loaded ? 1 : 0,
    totalCount: 1,
    evidence: report.loaded
      ? ''
      : cutEvidence(report.loadError ?? `The program could not be loaded: ${report.ending}.`),
    durationMs,
  };
}

interface JudgedCall extends ExpectedCall {
  readonly got: CallOutcome;
}

/** One check for the user's examples and one for a model's. */
function exampleChecks(
  calls: readonly JudgedCall[],
  ending: SandboxReport['ending'],
  durationMs: number,
): readonly Check[] {
  const byUser = calls.filter(({ example }) => example.source === 'user');
  // An expected value that does not evaluate by itself proves nothing against the candidate.
  const usable = (call: JudgedCall): boolean =>
    call.expected.ended === 'value' || raisedType(call.example.expected) !== undefined;
  const unusable = byUser.filter((call) => !usable(call));
  const byModel = calls.filter(({ example }) => example.source === 'plan').filter(usable);
  return [
    ...callsCheck('examples', 'user', byUser.filter(usable), ending, durationMs),
    ...unusable.map(({ example }) =>
      skippedCheck(
        'examples',
        'user',
        `The expected value of ${example.call} cannot be evaluated by itself: ${example.expected}`,
      ),
    ),
    ...callsCheck('model_tests', 'model', byModel, ending, durationMs),
  ];
}

function callsCheck(
  kind: Check['kind'],
  author: 'user' | 'model',
  calls: readonly JudgedCall[],
  ending: SandboxReport['ending'],
  durationMs: number,
): readonly Check[] {
  if (calls.length === 0) return [];
  const wrong = calls.filter(({ got, expected }) => !sameOutcome(got, expected));
  const timedOut = wrong.length > 0 && wrong.every(({ got }) => got.ended === 'timeout');
  const lines = wrong.map(
    ({ example, got }) => `${example.call} gave ${describeOutcome(got)}, expected ${example.expected}`,
  );
  const evidence = wrong.length === 0 ? [] : [...lines, ...describeLimit(ending)];
  return [
    {
      kind,
      author,
      trusted: author === 'user',
      inProcess: false,
      outcome: wrong.length === 0 ? 'passed' : timedOut ? 'timeout' : 'failed',
      passedCount: calls.length - wrong.length,
      totalCount: calls.length,
      evidence: cutEvidence(evidence.join('\n')),
      durationMs,
    },
  ];
}

/** The limit that the program crossed, where a call does not say so itself. */
function describeLimit(ending: SandboxReport['ending']): readonly string[] {
  switch (ending) {
    case 'memory':
      return ['The program took more memory than it may.'];
    case 'output':
      return ['The program printed more than it may.'];
    case 'processes':
      return ['The program started more processes than it may.'];
    case 'finished':
    case 'crashed':
    case 'cancelled':
    case 'wall_clock':
    case 'cpu':
      return [];
    default:
      return ending satisfies never;
  }
}

export function describeOutcome(outcome: CallOutcome): string {
  switch (outcome.ended) {
    case 'value':
      return outcome.canonical;
    case 'raised':
      return `${outcome.errorType}: ${outcome.message}`;
    case 'timeout':
      return 'no answer in time';
    case 'crashed':
      return 'a crash';
    default:
      return outcome satisfies never;
  }
}

function toProbe(call: string, outcome: CallOutcome): ProbeOutcome {
  const canonical = outcome.ended === 'value' ? outcome.canonical : outcome.ended === 'raised' ? outcome.errorType : '';
  return { call, ended: outcome.ended, canonical: canonical.slice(0, PROBE_VALUE_CHARACTERS) };
}

/** How many probes gave a value; an error may be the right answer to an odd input, so this only scores. */
function probesCheck(probes: readonly ProbeOutcome[]): readonly Check[] {
  if (probes.length === 0) return [];
  const values = probes.filter((probe) => probe.ended === 'value').length;
  const broken = probes.filter((probe) => probe.ended === 'timeout' || probe.ended === 'crashed');
  return [
    {
      kind: 'probes',
      author: 'hydra',
      trusted: false,
      inProcess: false,
      outcome: broken.length === 0 ? 'passed' : 'failed',
      passedCount: values,
      totalCount: probes.length,
      evidence: cutEvidence(broken.map((probe) => `${probe.call}: ${probe.ended}`).join('\n')),
      durationMs: 0,
    },
  ];
}
