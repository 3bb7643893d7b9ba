import { createReadStream } from 'node:fs';
import type { Command } from 'commander';
import type { WireImportReport } from '../../api/wire-memory.ts';
import { formatCount } from '../../domain/format-count.ts';
import { addServiceOptions, printAnswer } from '../command-context.ts';
import type { CommandContext, ServiceOptions } from '../command-context.ts';
import { CommandError, EXIT } from '../exit-codes.ts';
import { openMemoryClient } from '../memory-client.ts';
import type { MemoryClient } from '../memory-client.ts';
import { readPieces } from '../read-pieces.ts';
import type { Terminal } from '../terminal.ts';

/** `hydra memory import [file]`: take in what was exported. */
export function addMemoryImportCommand(memory: Command, context: CommandContext): void {
  const command = memory
    .command('import')
    .summary('take in what was exported')
    .description(
      'Take in what was exported, line by line. What is here stays where it is as new, and what was deleted stays away, so that a file may be given again. ' +
        'The exit code is 1 when a line is no entry; the others are taken in.',
    )
    .argument('[file]', 'JSON Lines; else, or with "-", from standard input')
    .addHelpText(
      'before',
      '\nExamples:\n  hydra memory import memory.jsonl\n  zcat mona.jsonl.gz | hydra memory import\n',
    );
  addServiceOptions(command).action(async (file: string | undefined, options: ServiceOptions) => {
    const report = await importFile(openMemoryClient(context, options), context.terminal, file ?? '-');
    printAnswer(context, options, report, describeImport);
    context.setExitCode(report.refused > 0 ? EXIT.failed : EXIT.done);
  });
}

async function importFile(client: MemoryClient, terminal: Terminal, file: string): Promise<WireImportReport> {
  const source = file === '-' ? process.stdin : createReadStream(file);
  let report: WireImportReport = { adopted: 0, known: 0, refused: 0, problems: [] };
  try {
    for await (const { text, firstLine } of readPieces(source)) {
      report = addReport(report, await client.importLines(text), firstLine);
      terminal.showStatus(`${report.adopted + report.known + report.refused} lines`);
    }
  } catch (error) {
    if (error instanceof CommandError) throw withProgress(error, report);
    const reason = error instanceof Error ? error.message : String(error);
    throw new CommandError(EXIT.usage, `${file} cannot be read: ${reason}.`);
  } finally {
    terminal.clearStatus();
  }
  return report;
}

/** As many as the service names of one piece; a large file has many pieces. */
const PROBLEMS_TOLD = 100;

/** The service counts the lines of each piece from 1. */
function addReport(sum: WireImportReport, next: WireImportReport, firstLine: number): WireImportReport {
  const problems = next.problems.map(({ line, problem }) => ({ line: line + firstLine - 1, problem }));
  return {
    adopted: sum.adopted + next.adopted,
    known: sum.known + next.known,
    refused: sum.refused + next.refused,
    problems: [...sum.problems, ...problems].slice(0, PROBLEMS_TOLD),
  };
}

function withProgress(error: CommandError, { adopted }: WireImportReport): CommandError {
  const kept = `${formatCount(adopted, 'entry is', 'entries are')} taken in by now; the same file may be given again.`;
  return new CommandError(error.exitCode, error.message, [error.advice, kept].filter(Boolean).join('\n'));
}

/** Somebody who gave the wrong file needs no more of them; `--json` has those that are kept. */
const PROBLEMS_SHOWN = 10;

function describeImport({ adopted, known, refused, problems }: WireImportReport): readonly string[] {
  const shown = problems.slice(0, PROBLEMS_SHOWN);
  const hidden = refused - shown.length;
  return [
    `Took in ${formatCount(adopted, 'entry', 'entries')}; left out ${known}: what is here is as new, or was deleted.`,
    ...(refused === 0 ? [] : [`${formatCount(refused, 'line is', 'lines are')} no entry:`]),
    ...shown.map(({ line, problem }) => `  line ${line}: ${problem}`),
    ...(hidden > 0 ? [`  and ${hidden} more`] : []),
  ];
}
