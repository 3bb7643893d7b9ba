import { MODELS_FILE, NODES_FILE, optional, required } from '../define-setting.ts';
import { parseNodeList } from '../node-settings.ts';
import { parseOllamaAddress } from '../ollama-address.ts';
import { parseTaskModels, TASKS_KEY } from '../task-models.ts';
import { fallbackModels, modelName, modelNames, trueOrFalse, wholeNumber } from '../parse-values.ts';

/** Models and the hosts that run them. */
export const MODEL_SETTINGS = {
  lightModel: required({
    variable: 'HYDRA_LIGHT_MODEL',
    summary: 'Fast model that classifies requests',
    defaultText: 'qwen3:1.7b',
    parse: modelName,
    fileKey: { file: MODELS_FILE, key: 'orchestrator.light.model' },
  }),
  heavyModel: required({
    variable: 'HYDRA_HEAVY_MODEL',
    summary: 'Largest model; it plans',
    defaultText: 'qwen3:14b',
    parse: modelName,
    fileKey: { file: MODELS_FILE, key: 'orchestrator.heavy.model' },
  }),
  defaultModel: required({
    variable: 'HYDRA_DEFAULT_MODEL',
    summary: 'Model that writes code where no worker model is named',
    defaultText: 'llama3.2:latest',
    parse: modelName,
    fileKey: { file: MODELS_FILE, key: 'default.model' },
  }),
  workerModels: required({
    variable: 'HYDRA_WORKER_MODELS',
    summary: 'Models that write code, preferred first, between commas; empty: the default model',
    defaultText: '',
    parse: modelNames,
    fileKey: { file: MODELS_FILE, key: 'workers' },
  }),
  taskModels: required({
    variable: 'HYDRA_TASK_MODELS',
    summary: 'Models for particular tasks, such as python=a:1b, b:3b; repair=c; they go before the worker models',
    defaultText: '',
    parse: parseTaskModels,
    fileKey: { file: MODELS_FILE, key: TASKS_KEY },
  }),
  fallbackModels: required({
    variable: 'HYDRA_FALLBACK_MODELS',
    summary:
      'Models that answer in place of a larger one that fits into the memory of no host, preferred first; none: no other; empty: the worker models of the task',
    defaultText: '',
    parse: fallbackModels,
  }),
  nodes: optional({
    variable: 'HYDRA_NODES',
    summary: `Ollama hosts between commas, as url or name=url; wins over ${NODES_FILE} and OLLAMA_HOST`,
    parse: parseNodeList,
  }),
  ollamaHost: required({
    variable: 'OLLAMA_HOST',
    summary: `The one Ollama host, as Ollama itself reads it, where neither HYDRA_NODES nor ${NODES_FILE} lists hosts`,
    defaultText: '127.0.0.1:11434',
    parse: parseOllamaAddress,
  }),
  nodeSlots: required({
    variable: 'HYDRA_NODE_SLOTS',
    summary: `Requests that a host runs at once where ${NODES_FILE} says nothing else; the host's OLLAMA_NUM_PARALLEL`,
    // Ollama's own default: a second request would only queue there, unseen.
    defaultText: '1',
    parse: wholeNumber(1, 256),
  }),
  vramMonitoring: required({
    variable: 'SOLLOL_VRAM_MONITORING',
    summary: 'Watches which models lie in the memory of hosts and graphics cards: true or false',
    defaultText: 'true',
    parse: trueOrFalse,
  }),
} as const;
