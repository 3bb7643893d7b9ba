import type { WireEvent } from '../api/wire-event.ts';
import { formatCount } from '../domain/format-count.ts';
import { formatDuration } from './format.ts';
import type { Terminal } from './terminal.ts';

/** Shows what happens in a run while it happens. */
export interface ProgressView {
  show(event: WireEvent): void;
  close(): void;
}

// A clock that stands still for longer looks like a program that hangs.
const TICK_MS = 250;

/**
 * Shows each event as a line and, on a terminal, a status line with the time. With `showsText` what the models write is shown
 * too; candidates write at the same time, so each change of the writer is announced.
 */
export function createProgressView(terminal: Terminal, showsText: boolean): ProgressView {
  const startedAt = performance.now();
  let doing = 'waiting';
  let characters = 0;
  let writer: string | null = null;
  /** When the first event that is shown happened; past events are told with their own time. */
  let firstAt: number | undefined;
  const elapsed = () => formatDuration(performance.now() - startedAt);
  const tick = setInterval(() => {
    // The status line would cut into the text.
    if (!showsText || writer === null)
      terminal.showStatus(`${elapsed()} · ${doing} · ${formatCount(characters, 'character')} written`);
  }, TICK_MS);
  tick.unref();

  function endText(): void {
    if (writer !== null) terminal.write('\n');
    writer = null;
  }

  function showText(event: WireEvent & { type: 'text.delta' }): void {
    characters += event.text.length;
    if (!showsText) return;
    const source = `${event.step} ${event.attempt}`;
    if (source !== writer) {
      endText();
      terminal.note(terminal.noteColors.dim(`--- ${describeStep(event)}`));
    }
    writer = source;
    terminal.write(event.text);
  }

  return {
    show(event) {
      if (event.type === 'text.delta') {
        showText(event);
        return;
      }
      const line = describeEvent(event);
      doing = line;
      endText();
      firstAt ??= Date.parse(event.at);
      const at = formatDuration(Date.parse(event.at) - firstAt);
      terminal.note(`${terminal.noteColors.dim(at.padStart(8))}  ${line}`);
    },
    close() {
      clearInterval(tick);
      endText();
      terminal.clearStatus();
    },
  };
}

/** Who writes: the part with role and number of the step, which stand third and fourth in its key. */
function describeStep({ part, step }: WireEvent): string {
  const [role, index] = (step ?? '').split('/').slice(2, 4);
  return `${part ?? 'run'}: ${role ?? ''} ${Number(index ?? 0) + 1}`;
}

/** One event in a few words. */
export function describeEvent(event: WireEvent): string {
  const part = event.part === null || event.part === 'whole' ? '' : `${event.part}: `;
  switch (event.type) {
    case 'phase.started':
      return `${event.phase}${event.note === '' ? '' : `: ${event.note}`}`;
    case 'part.changed':
      return `${part}${event.doing}`;
    case 'model.started':
      return `${part}${event.model} on ${event.node} (${event.role}; ${event.why})`;
    case 'model.waiting':
      return `${part}waiting for a host: ${event.reason}`;
    case 'text.delta':
      return event.text;
    case 'model.finished':
      return `${part}${formatCount(event.completion_tokens, 'token')} in ${formatDuration(event.duration_ms)}`;
    case 'model.rerouted':
      return `${part}left ${event.node}: ${event.reason}`;
    case 'candidate.verified':
      return `${part}candidate ${event.outcome}: ${event.summary}`;
    case 'run.finished':
      return `${event.status}: ${event.summary}`;
    default:
      return event satisfies never;
  }
}
