import { MODELS_FILE, optional, required } from '../define-setting.ts';
import { anyText, hostName, serverUrl, mebibytes, modelName, oneOf, port, wholeNumber } from '../parse-values.ts';
import { POSTGRES_PORT, REDIS_PORT, databaseName, postgresUrl, redisUrl } from '../server-url.ts';

/** What memory keeps, and the servers that help it. All of them are optional. */
export const MEMORY_SETTINGS = {
  record: required({
    variable: 'HYDRA_RECORD',
    summary: 'What is the system of record of memory: sqlite on one machine, postgres for several',
    defaultText: 'sqlite',
    parse: oneOf(['sqlite', 'postgres']),
  }),
  redisUrl: optional({
    variable: 'REDIS_URL',
    summary:
      'A Redis, such as redis://:password@localhost:6379/0 or rediss://…, which keeps what is hot; wins over REDIS_HOST',
    parse: redisUrl,
    secret: 'credentials',
  }),
  redisHost: optional({
    variable: 'REDIS_HOST',
    summary: 'Its host; without host and URL there is no Redis',
    parse: hostName,
  }),
  redisPort: required({
    variable: 'REDIS_PORT',
    summary: 'Its port',
    defaultText: String(REDIS_PORT),
    parse: port,
  }),
  redisPassword: optional({
    variable: 'REDIS_PASSWORD',
    summary: 'Its password',
    parse: anyText,
    secret: 'whole',
  }),
  postgresUrl: optional({
    variable: 'POSTGRES_URL',
    summary:
      'A Postgres, such as postgres://hydra:password@localhost:5432/hydra, for the long term; wins over POSTGRES_HOST',
    parse: postgresUrl,
    secret: 'credentials',
  }),
  postgresHost: optional({
    variable: 'POSTGRES_HOST',
    summary: 'Its host; without host and URL there is no Postgres',
    parse: hostName,
  }),
  postgresPort: required({
    variable: 'POSTGRES_PORT',
    summary: 'Its port',
    defaultText: String(POSTGRES_PORT),
    parse: port,
  }),
  postgresDatabase: required({
    variable: 'POSTGRES_DB',
    summary: 'Its database, which must be there; tables are made in it',
    defaultText: 'hydra',
    parse: databaseName,
  }),
  postgresUser: required({
    variable: 'POSTGRES_USER',
    summary: 'Its user, who may make tables in that database',
    defaultText: 'hydra',
    parse: databaseName,
  }),
  postgresPassword: optional({
    variable: 'POSTGRES_PASSWORD',
    summary: 'The password of that user',
    parse: anyText,
    secret: 'whole',
  }),
  chromaUrl: optional({
    variable: 'CHROMA_URL',
    summary: 'A Chroma server, such as http://localhost:8000, which finds similar work; without one SQLite does',
    parse: serverUrl,
    secret: 'credentials',
  }),
  embeddingModel: required({
    variable: 'HYDRA_EMBEDDING_MODEL',
    summary: 'Model that turns texts into vectors, so that similar work is found; another one makes all vectors anew',
    defaultText: 'mxbai-embed-large',
    parse: modelName,
    fileKey: { file: MODELS_FILE, key: 'embedding.model' },
  }),
  memoryDays: required({
    variable: 'HYDRA_MEMORY_DAYS',
    summary: 'Days after which memory forgets what was not written again',
    // What somebody asked for a year ago was rarely asked for in the same words since, and models got better.
    defaultText: '365',
    parse: wholeNumber(1, 36_500),
  }),
  memoryLimit: required({
    variable: 'HYDRA_MEMORY_MB',
    summary: 'Room for what memory keeps, in MiB; the oldest goes first',
    // About 50,000 verified answers of 20 kB with their texts.
    defaultText: '1024',
    parse: mebibytes(1, 1_048_576),
  }),
  recallTokens: required({
    variable: 'HYDRA_RECALL_TOKENS',
    summary: 'Tokens of similar verified work that a prompt may carry; 0: none is offered',
    // An eighth of the default context window: two or three short programs.
    defaultText: '1024',
    parse: wholeNumber(0, 131_072),
  }),
} as const;
