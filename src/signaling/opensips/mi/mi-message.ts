import { isObject } from '../../../base/is-object.js';

/** Parameters of an MI command; OpenSIPS tells strings from numbers. */
export type MiParams = Readonly<Record<string, string | number>> | readonly (string | number)[];

/** An answer of OpenSIPS, by the id of its request. */
export type MiAnswer =
  | { readonly type: 'result'; readonly id: number; readonly result: unknown }
  | { readonly type: 'error'; readonly id: number; readonly code: number; readonly message: string };

/** JSON-RPC 2.0: no command of that name. */
export const METHOD_NOT_FOUND = -32_601;

const MAX_MESSAGE_LENGTH = 200;

/** What OpenSIPS says where it would not. */
export interface MiFailure {
  readonly code: number;
  readonly message: string;
}

/** A JSON-RPC 2.0 request as all MI transports take it. */
export function writeMiRequest(id: number, method: string, params: MiParams): string {
  return JSON.stringify({ jsonrpc: '2.0', id, method, params });
}

/**
 * Reads an answer. `undefined` for anything else, such as `400 Parse_error`, which the datagram transport sends as plain
 * text, and answers without an id of ours.
 */
export function readMiAnswer(text: string): MiAnswer | undefined {
  const message = parseObject(text);
  const id = message?.['id'];
  if (message === undefined || typeof id !== 'number') return undefined;
  const error = message['error'];
  if (isObject(error)) {
    const { code, message: words } = error;
    return {
      type: 'error',
      id,
      code: typeof code === 'number' ? code : 0,
      message: typeof words === 'string' ? words.slice(0, MAX_MESSAGE_LENGTH) : '',
    };
  }
  return Object.hasOwn(message, 'result') ? { type: 'result', id, result: message['result'] } : undefined;
}

/** A JSON object; `undefined` for any other text. */
export function parseObject(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** The texts of the JSON objects that are whole, one behind the other, and what is left: the beginning of the next, if any. */
export function takeObjects(text: string): { readonly objects: readonly string[]; readonly rest: string } {
  const objects: string[] = [];
  let [start, depth, inString] = [-1, 0, false];
  for (let at = 0; at < text.length; at += 1) {
    const sign = text[at];
    if (inString) {
      if (sign === '\\') at += 1;
      else if (sign === '"') inString = false;
    } else if (sign === '{') {
      if (depth === 0) start = at;
      depth += 1;
    } else if (depth > 0 && sign === '"') inString = true;
    else if (depth > 0 && sign === '}') {
      depth -= 1;
      if (depth === 0) objects.push(text.slice(start, at + 1));
    }
  }
  return { objects, rest: depth > 0 ? text.slice(start) : '' };
}

/** Reads a request with named parameters; `undefined` for anything else. */
export function readMiRequest(
  text: string,
): { readonly id: number; readonly method: string; readonly params: Readonly<Record<string, unknown>> } | undefined {
  const message = parseObject(text);
  const [id, method, params = {}] = [message?.['id'], message?.['method'], message?.['params']];
  if (typeof id !== 'number' || typeof method !== 'string' || !isObject(params)) return undefined;
  return { id, method, params };
}

/** The answer to a request. */
export function writeMiAnswer(
  id: number,
  answer: { readonly result: unknown } | { readonly error: MiFailure },
): string {
  return JSON.stringify({ jsonrpc: '2.0', ...answer, id });
}
