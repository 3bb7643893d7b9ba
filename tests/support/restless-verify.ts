/** Stands for a verify process that does as its argument says: refuses to start, ends at once, or ends a moment after it was ready. */
import type { VerifyAnswer } from '../../workers/verify-process-messages.ts';

const tell = (answer: VerifyAnswer, andThen: () => void): void => {
  process.send?.(answer, undefined, undefined, andThen);
};

process.once('message', () => {
  const end = (): never => process.exit(1);
  switch (process.argv[2]) {
    case 'refuses':
      return tell({ kind: 'failed', type: 'StoreUnavailable', message: 'the file cannot be used' }, end);
    case 'ends':
      return end();
    default:
      return tell({ kind: 'ready', runner: null }, end);
  }
});
