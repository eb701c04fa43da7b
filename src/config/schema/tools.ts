import * as z from 'zod';
import { configDefaults } from '../defaults.js';
import type { Parsed } from '../notation/addresses.js';
import { jsonSchemaProblem } from '../notation/tool-parameters.js';
import { parseUrlTemplate } from '../notation/url-template.js';
import { checked, milliseconds, path } from './notation.js';
import { sayingOrNone } from './saying.js';

const { tool: defaults } = configDefaults;

function parseHttpHeaderValue(text: string): Parsed<string> {
  if (/^[\t\u0020-\u007e\u0080-\u00ff]*$/.test(text)) return { ok: true, value: text };
  return {
    ok: false,
    problem: 'a character that no HTTP header field may have',
    help: 'remove line feeds and the like',
  };
}

/** RFC 6901 section 3. */
function parsePointer(text: string): Parsed<string> {
  if (/^(?:\/(?:[^~/]|~[01])*)*$/.test(text)) return { ok: true, value: text };
  return { ok: false, problem: 'this is no JSON pointer', help: 'write /data/items, or "" for the whole answer' };
}

const headers = () =>
  z
    .record(z.string(), checked(parseHttpHeaderValue))
    .default({})
    .describe('HTTP header fields sent with each request.');

const url = () => checked(parseUrlTemplate);

/** What all kinds have. */
const slow = (timeoutMs: number) => ({
  timeoutMs: milliseconds(100, 120_000)
    .default(timeoutMs)
    .describe('Longest time it may take, ms; the agent is told when it took longer.'),
  filler: sayingOrNone().prefault(defaults.filler).describe('Said while the caller waits for it; false: nothing.'),
  fillerAfterMs: milliseconds(0, 60_000)
    .default(defaults.fillerAfterMs)
    .describe('How long the caller waits before that is said, ms.'),
});

const webhook = z
  .strictObject({
    type: z.literal('webhook').describe('An HTTP request.'),
    description: z.string().min(1).describe('What it does and when to use it, in words for the model.'),
    parameters: z
      .record(z.string(), z.unknown())
      .default({ ...defaults.webhook.parameters })
      .superRefine((schema, context) => {
        const problem = jsonSchemaProblem(schema);
        if (problem !== undefined)
          context.addIssue({ code: 'custom', message: problem.problem, params: { help: problem.help } });
      })
      .describe('JSON Schema (draft 7) of the arguments, type: object. The connector checks them before the request.'),
    url: url().describe('Where the request goes: http: or https:. May hold {{name}} from the path on.'),
    method: z
      .enum(['GET', 'POST', 'PUT', 'PATCH', 'DELETE'])
      .default(defaults.webhook.method)
      .describe('Method of the request.'),
    headers: headers(),
    body: z
      .string()
      .exactOptional()
      .describe('Body of the request, a template. Default: the arguments and the call, as JSON.'),
    ...slow(defaults.webhook.timeoutMs),
    secret: z.string().min(1).exactOptional().describe('Key that requests are signed with.'),
    cancellable: z
      .boolean()
      .default(defaults.webhook.cancellable)
      .describe('Whether it is given up when the caller interrupts. By default it runs on.'),
    maxBytes: z
      .number()
      .int()
      .min(1)
      .max(1_048_576)
      .default(defaults.webhook.maxBytes)
      .describe('Longest answer that is read, bytes.'),
    result: checked(parsePointer)
      .prefault(defaults.webhook.result)
      .describe('JSON pointer to the part of the answer that the model gets: /data/items. Empty: all of it.'),
  })
  .describe('A tool that is an HTTP request.');

const mcp = z
  .strictObject({
    type: z.literal('mcp').describe('The tools of an MCP server.'),
    command: z.string().min(1).exactOptional().describe('Program that is the server and speaks MCP over stdio.'),
    args: z.array(z.string()).default([]).describe('Its arguments.'),
    env: z.record(z.string(), z.string()).default({}).describe('Its environment variables, besides the usual few.'),
    url: url().exactOptional().describe('Address of a server that speaks MCP over streamable HTTP.'),
    headers: headers(),
    allow: z
      .array(z.string().min(1))
      .exactOptional()
      .describe('Names of the tools that agents may use. Default: all that the server has.'),
    ...slow(defaults.mcp.timeoutMs),
  })
  .describe('The tools of an MCP server: exactly one of command and url.');

const module = z
  .strictObject({
    type: z.literal('module').describe('A tool in a module of your own.'),
    path: path().describe(
      'JavaScript module whose default export is the tool. Relative to the directory of this file.',
    ),
    ...slow(defaults.module.timeoutMs),
  })
  .describe('A tool in a module of your own.');

/** A tool besides the built-in ones. */
export const toolSchema = z.discriminatedUnion('type', [webhook, mcp, module]).describe('A tool.');
