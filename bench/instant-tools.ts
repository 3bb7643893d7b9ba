import type { StaticTools } from '../languages/static-tools.ts';
import type { ToolReport } from '../languages/tool-report.ts';

const NOTHING_FOUND: ToolReport = { tool: 'deno', ran: true, findings: [], durationMs: 0 };

/** Find nothing, at once, in the place of linter and type checker. So the time of these programs is not counted as Hydra's own. */
export const INSTANT_TOOLS: StaticTools = { lint: async () => NOTHING_FOUND, checkTypes: async () => NOTHING_FOUND };
