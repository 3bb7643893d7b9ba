/** As much of JSON Schema as schemas for answers use. */
interface Schema {
  readonly $ref?: string;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly allOf?: readonly Schema[];
  readonly type?: string | readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly minItems?: number;
  readonly minLength?: number;
  readonly minimum?: number;
}

/** Depth at which a schema that contains itself is cut. */
const MAX_DEPTH = 16;

/**
 * The smallest value that the schema allows. Where it leaves a choice between words, one that stands in `hint` (the
 * prompt) is taken, so that a question about Python is answered with `python`.
 */
export function minimalJson(schema: object, hint: string): unknown {
  const words = new Set(hint.toLowerCase().match(/[\w+#]+/g));

  function build(part: Schema, depth: number): unknown {
    if (depth > MAX_DEPTH) return null;
    if (part.$ref !== undefined) return build(resolve(schema, part.$ref), depth + 1);
    if ('const' in part) return part.const;
    if (part.enum !== undefined) return choose(part.enum);
    const alternative = part.anyOf?.[0] ?? part.oneOf?.[0];
    if (alternative !== undefined) return build(alternative, depth + 1);
    if (part.allOf !== undefined) return build(Object.assign({}, ...part.allOf) as Schema, depth + 1);
    return buildByType(part, depth);
  }

  function buildByType(part: Schema, depth: number): unknown {
    switch (typeof part.type === 'string' ? part.type : part.type?.[0]) {
      case 'object':
        return Object.fromEntries(
          (part.required ?? []).map((name) => [name, build(part.properties?.[name] ?? {}, depth + 1)]),
        );
      case 'array':
        return Array.from({ length: part.minItems ?? 0 }, () => build(part.items ?? {}, depth + 1));
      case 'string':
        return 'x'.repeat(part.minLength ?? 0);
      case 'integer':
      case 'number':
        return Math.max(0, part.minimum ?? 0);
      case 'boolean':
        return false;
      default:
        return null;
    }
  }

  function choose(values: readonly unknown[]): unknown {
    return values.find((value) => typeof value === 'string' && words.has(value.toLowerCase())) ?? values[0];
  }

  return build(schema, 0);
}

function resolve(root: object, reference: string): Schema {
  const path = reference.replace(/^#\/?/, '').split('/').filter(Boolean);
  return path.reduce<unknown>((node, key) => (node as Record<string, unknown> | undefined)?.[key], root) as Schema;
}
