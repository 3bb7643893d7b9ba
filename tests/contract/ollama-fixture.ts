/** The model that the set-up of the tests puts on the real Ollama. */
export const REAL_MODEL = 'smollm2:135m';

/** Address of the real Ollama that the set-up of the tests has started. */
export function realOllamaUrl(): string {
  const url = process.env['HYDRA_TEST_OLLAMA_URL'];
  if (url === undefined || url === '') {
    throw new Error(
      'HYDRA_TEST_OLLAMA_URL is not set: it must name an Ollama that has smollm2:135m. `npm test` starts one.',
    );
  }
  return url;
}
