import { z } from '@hono/zod-openapi';
import { NAME_RULE, NODE_NAME } from '../config/node-settings.ts';
import { TOKEN_VARIABLE, TOKEN_VARIABLE_PREFIX } from '../config/token-variable.ts';
import type { NodeId } from '../domain/ids.ts';
import type { AddedNode } from '../domain/node-record.ts';
import { checkNodeUrl, nameFromUrl } from '../fleet/hosts/node-url.ts';
import { describeIssues, shortenValue } from './describe-issues.ts';
import type { FieldError } from './describe-issues.ts';
import { rejectRequest } from './reject-request.ts';
import { nodeSchema } from './wire-fleet.ts';

// 256 requests at once is more than any single Ollama serves.
const MAX_SLOTS = 256;
// The cards of one machine together: more than the largest servers have.
const MAX_VRAM_GB = 16_384;
/** A card that is sold as 24 GB has 24 GiB. */
const GIGABYTE = 1024 ** 3;

const TOKEN_RULE = `a token is never sent or kept: set it as ${TOKEN_VARIABLE_PREFIX}<NAME> where Hydra runs, and give that name as token_env`;

/** Body of `POST /nodes`. */
export const nodeBodySchema = z
  .strictObject({
    url: z.string().openapi({ description: 'Base URL of the Ollama host, such as http://gpu-2:11434.' }),
    name: z
      .string()
      .regex(NODE_NAME, `must be ${NAME_RULE}`)
      .optional()
      .openapi({ description: 'Default: made from the URL.' }),
    slots: z.int().min(1).max(MAX_SLOTS).optional().openapi({
      description: 'Requests that it runs at once, its OLLAMA_NUM_PARALLEL. Default: HYDRA_NODE_SLOTS.',
    }),
    vram_gb: z.number().positive().max(MAX_VRAM_GB).optional().openapi({
      description: 'Memory of its graphics cards together.',
    }),
    token_env: z
      .string()
      .regex(TOKEN_VARIABLE, TOKEN_RULE)
      .optional()
      .openapi({
        description: `Name of the environment variable that holds its bearer token, beginning with ${TOKEN_VARIABLE_PREFIX}.`,
      }),
  })
  .openapi('NodeBody');

/** Answer of `POST /nodes/{id}/probe`. */
export const probedNodeSchema = z
  .object({
    fresh: z.boolean().openapi({ description: 'False: nobody has looked yet; the look is still to come.' }),
    node: nodeSchema,
  })
  .openapi('ProbedNode');

export type NodeBody = z.infer<typeof nodeBodySchema>;
export type WireProbedNode = z.infer<typeof probedNodeSchema>;

const BODY_FIELDS = Object.keys(nodeBodySchema.shape);
/** Fields by which people try to send a token. */
const TOKEN_FIELD = /token|bearer|password|secret|authorization|api_?key|credential/i;

/** Refuses a body that breaks a rule. What may be a token is not repeated. */
export function refuseBrokenBody(result: CheckedBody): undefined {
  if (result.success) return;
  const input = 'data' in result ? result.data : undefined;
  throw rejectRequest(describeIssues(result.error.issues, input, BODY_FIELDS).map(keepTokenSecret));
}

/** What the schema says; where it refuses, the value that it saw comes along. */
type CheckedBody =
  | { readonly success: true }
  | { readonly success: false; readonly error: { readonly issues: readonly z.core.$ZodIssue[] } };

function keepTokenSecret(error: FieldError): FieldError {
  if (!TOKEN_FIELD.test(error.field)) return error;
  return { field: error.field, rule: TOKEN_RULE, value: 'not shown' };
}

/** The node that a body describes. Errors: RequestRejected for a URL that Hydra must not call. */
export function toAddedNode(body: NodeBody): AddedNode {
  const checked = checkNodeUrl(body.url);
  if (!checked.ok) {
    // Whatever stands before an @ may be a password.
    const value = shortenValue(body.url.replace(/\/\/[^/]*@/, '//…@'));
    throw rejectRequest([{ field: 'url', rule: `must be ${checked.rule}`, value }]);
  }
  return {
    id: (body.name ?? nameFromUrl(checked.url)) as NodeId,
    url: checked.url,
    slots: body.slots ?? null,
    vramBytes: body.vram_gb === undefined ? null : Math.round(body.vram_gb * GIGABYTE),
    tokenVariable: body.token_env ?? null,
  };
}
