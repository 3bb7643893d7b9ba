import { HTTPException } from 'hono/http-exception';

// The longest entry is an answer with its texts, which models wrote within their context: a hundredth of this.
const MAX_LINE_CHARACTERS = 32 * 1024 * 1024;

/** The lines of a body as they come, without their ends. Errors: HTTPException for a line without an end, and a body without one. */
export async function* splitLines(body: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of readWhole(body)) {
    const [first = '', ...others] = decoder.decode(chunk, { stream: true }).split('\n');
    rest += first;
    for (const line of others) {
      yield rest;
      rest = line;
    }
    if (rest.length > MAX_LINE_CHARACTERS) {
      throw new HTTPException(413, { message: `A line is longer than ${MAX_LINE_CHARACTERS} characters.` });
    }
  }
  rest += decoder.decode();
  if (rest !== '') yield rest;
}

/** That a caller went away in the middle is no fault of ours. */
async function* readWhole(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    yield* body;
  } catch (error) {
    throw new HTTPException(400, { message: 'The body broke off.', cause: error });
  }
}
