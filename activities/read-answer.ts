import { z } from 'zod';
import type { AnswerReading, ModelStep, ModelTask } from '../domain/model-step.ts';
import type { ProgramScope } from '../domain/program-scope.ts';
import { extractProgram } from '../languages/extract-program.ts';
import type { ArtifactStore } from '../memory/ports.ts';
import { classificationAnswer } from './prompts/classify-request.ts';
import { planAnswer } from './prompts/plan-parts.ts';
import { callsAnswer } from './prompts/propose-calls.ts';
import { parseWithModelAnswer } from './parse-request.ts';
import { readPlan } from './read-plan.ts';
import { loadRequest, putJson } from './stored-json.ts';

/** Reads what a step asked for out of the model's text; an answer in another form is a reading too, never an error. */
export async function readAnswer(step: ModelStep, text: string, artifacts: ArtifactStore): Promise<AnswerReading> {
  const { task } = step;
  switch (task.role) {
    case 'write':
    case 'repair':
      return readProgram(task.scope, step, text, artifacts);
    case 'classify':
    case 'plan':
    case 'propose_calls':
      return readData(task, step, text, artifacts);
    default:
      return task satisfies never;
  }
}

async function readProgram(
  { classification, planned }: ProgramScope,
  step: ModelStep,
  text: string,
  artifacts: ArtifactStore,
): Promise<AnswerReading> {
  const { language } = classification;
  const mainFile = planned?.part.file ?? classification.mainFile;
  const given = planned ? [] : (await loadRequest(artifacts, step.requestHash)).files.map((file) => file.path);
  const extraction = await extractProgram(text, { language, mainFile, expectedFiles: [mainFile, ...given] });
  if (!extraction.ok) return { kind: 'invalid', cause: 'no_program', problem: extraction.problem };
  return { kind: 'program', programHash: await putJson(artifacts, extraction.program) };
}

type DataTask = Extract<ModelTask, { role: 'classify' | 'plan' | 'propose_calls' }>;

async function readData(
  task: DataTask,
  step: ModelStep,
  text: string,
  artifacts: ArtifactStore,
): Promise<AnswerReading> {
  const json = parseJson(text);
  if (json === undefined) return wrongForm('The answer is not JSON.');
  switch (task.role) {
    case 'classify': {
      const answer = classificationAnswer.safeParse(json);
      if (!answer.success) return wrongForm(z.prettifyError(answer.error));
      const request = await loadRequest(artifacts, step.requestHash);
      return { kind: 'classification', classification: await parseWithModelAnswer(request, answer.data) };
    }
    case 'propose_calls': {
      const answer = callsAnswer.safeParse(json);
      if (!answer.success) return wrongForm(z.prettifyError(answer.error));
      return { kind: 'calls', calls: answer.data.calls.map((one) => ({ ...one, source: 'plan' })) };
    }
    case 'plan': {
      const answer = planAnswer.safeParse(json);
      if (!answer.success) return wrongForm(z.prettifyError(answer.error));
      const request = await loadRequest(artifacts, step.requestHash);
      const reading = readPlan(answer.data, task.classification, request.limits.parts);
      if (reading.kind === 'refused') return wrongForm(reading.problems.join('\n'));
      return { kind: 'plan', planHash: await putJson(artifacts, reading.plan), parts: reading.plan.parts };
    }
    default:
      return task satisfies never;
  }
}

function wrongForm(problem: string): AnswerReading {
  return { kind: 'invalid', cause: 'wrong_form', problem };
}

/** JSON, also inside a fence or with talk around it: older servers do not hold a model to the schema. */
function parseJson(text: string): unknown {
  const start = text.indexOf('{');
  const end = text.lastIndexOf('}');
  if (start < 0 || end < start) return undefined;
  try {
    return JSON.parse(text.slice(start, end + 1));
  } catch {
    return undefined;
  }
}
