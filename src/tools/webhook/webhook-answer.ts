import type { HttpResponse } from '../../http/guarded-fetch.js';

/**
 * What the model gets of an answer: the JSON (or the part that `pointer` names), or the text. Throws with a sentence for
 * the model when the status is no success, or the part is not there. Of a failure it learns the status and what the
 * service itself calls an `error`, never the rest: that may be a page of a stranger's.
 *
 * @param pointer JSON pointer (RFC 6901); `''` is the whole
 */
export function readAnswer({ status, body }: HttpResponse, pointer: string): unknown {
  const value = parse(body);
  if (status < 200 || status > 299) {
    const reason = errorOf(value);
    throw new Error(reason === undefined ? `The service answered ${status}.` : `The service says: ${reason}`);
  }
  if (body.trim() === '') return { ok: true };
  if (pointer === '') return value;
  const part = pointed(value, pointer);
  if (part === undefined) throw new Error('The service answered something else than expected.');
  return part;
}

/** JSON, or else the text as it is. */
function parse(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return body;
  }
}

function errorOf(value: unknown): string | undefined {
  const error = pointed(value, '/error');
  if (typeof error === 'string') return error;
  const message = pointed(error, '/message');
  return typeof message === 'string' ? message : undefined;
}

function pointed(value: unknown, pointer: string): unknown {
  const steps = pointer
    .split('/')
    .slice(1)
    .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'));
  return steps.reduce<unknown>((part, step) => {
    if (typeof part !== 'object' || part === null) return undefined;
    // Its own properties alone.
    return Object.getOwnPropertyDescriptor(part, step)?.value;
  }, value);
}
