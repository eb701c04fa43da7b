import type { StandardJSONSchemaV1, StandardSchemaV1 } from '@standard-schema/spec';
import type { Logger } from '../../flavor-api/index.js';
import type { CallFacts } from '../tool.js';

/** What a tool of yours may know of the call it runs in. */
export interface ToolRun {
  readonly call: CallFacts;
  /** Log lines carry the call's id. Put no personal data into them. */
  readonly log: Logger;
}

/** A schema that validates, says what it wants as JSON Schema, and has types: zod 4 does all three. */
export type ToolSchema<Arguments = unknown> = StandardSchemaV1<unknown, Arguments> &
  StandardJSONSchemaV1<unknown, Arguments>;

/** The same as an object in JSON Schema (draft-07). */
export type ToolJsonSchema = { readonly type: 'object' } & Readonly<Record<string, unknown>>;

/** A tool in a module of your own. */
export interface UserTool<Arguments = Record<string, unknown>> {
  /** For the model: what it does and when to use it. */
  readonly description: string;
  /** What it is called with; it runs with nothing else. Absent: without arguments. */
  readonly parameters?: ToolSchema<Arguments> | ToolJsonSchema;
  /** True: the caller's interruption may end it. Only for what has no effect, such as a search. */
  readonly cancellable?: boolean;
  /**
   * Does the work. What it gives back (or resolves to) is JSON for the model, which says something about it; what it
   * throws reaches the model as an error, in the words of the message. `signal` aborts when nobody waits any more: the
   * time-out, the caller's interruption where `cancellable`, the end of the call.
   */
  run(args: Arguments, run: ToolRun, signal: AbortSignal): unknown;
}

/** Identity, for its types: `export default defineTool({...})`. */
export function defineTool<Arguments>(
  tool: UserTool<Arguments> & { readonly parameters: ToolSchema<Arguments> },
): UserTool<Arguments>;
export function defineTool(tool: UserTool): UserTool;
export function defineTool(tool: UserTool): UserTool {
  return tool;
}
