import type { RealtimeConfig } from '../config.js';
import type { ResponseOrder } from '../protocol/client-event.js';
import { exactWords, goOnAfter, goOnWith } from './phrases.js';

/** Something that the model is to say. */
export type Request =
  | { readonly kind: 'greeting'; readonly text: string }
  | { readonly kind: 'words'; readonly text: string }
  | { readonly kind: 'instructions'; readonly text: string }
  /** An answer to what the conversation holds: words of the caller, keys, results of tools. */
  | { readonly kind: 'reply'; readonly to: 'caller' | 'keys' | 'tools' }
  /** The rest of a response that the connection took away. `along`: the host's instructions for it, if it had any. */
  | { readonly kind: 'go-on'; readonly heard: string; readonly along?: string | undefined };

/** What the host has asked for, in words that are not to be said. */
export function hostOrder(request: Request): string | undefined {
  if (request.kind === 'instructions') return request.text;
  return request.kind === 'go-on' ? request.along : undefined;
}

/**
 * What is sent for a request. `instructions`: those of the session, which those of a response replace. `toolsFor`: what the
 * tools were called for whose results are answered, if not for the caller.
 */
export function orderOf(
  request: Request,
  requestId: string,
  config: Pick<RealtimeConfig, 'toolChoice'>,
  instructions: string,
  toolsFor?: string,
): ResponseOrder {
  switch (request.kind) {
    case 'greeting':
    case 'words':
      // Without the dialogue there is nothing that the words could be taken for an answer to.
      return { requestId, instructions: exactWords(request.text), toolChoice: 'none', fromNothing: true };
    case 'instructions':
      return { requestId, instructions: `${instructions}\n\n${request.text}` };
    case 'go-on': {
      const parts = [instructions, request.along, goOnAfter(request.heard)];
      return { requestId, instructions: parts.filter((part) => part !== undefined).join('\n\n') };
    }
    case 'reply':
      if (request.to !== 'tools') return { requestId };
      return {
        requestId,
        ...(toolsFor !== undefined && { instructions: `${instructions}\n\n${goOnWith(toolsFor)}` }),
        // A model that must call a tool would otherwise never come to say what the tool told it.
        ...(config.toolChoice === 'required' && { toolChoice: 'auto' }),
      };
  }
}

/** Speech beside the conversation. */
export function asideOrder(request: Request, requestId: string, instructions: string): ResponseOrder {
  const order = orderOf(request, requestId, { toolChoice: 'auto' }, instructions);
  return { ...order, aside: true, toolChoice: 'none' };
}

/** Requests that may wait; a host asks for a few at most. */
const MAX_WAITING = 32;

/** What waits to be said, in order. One answer answers all that was said before it: there is never a second waiting. */
export class RequestQueue {
  #waiting: Request[] = [];

  get length(): number {
    return this.#waiting.length;
  }

  /** Takes a request. False: too many wait. */
  add(request: Request): boolean {
    if (request.kind === 'reply' && this.#waiting.some(({ kind }) => kind === 'reply')) return true;
    if (this.#waiting.length >= MAX_WAITING) return false;
    this.#waiting.push(request);
    return true;
  }

  /** Takes back what was begun and got nowhere. */
  putBack(request: Request): void {
    if (request.kind === 'reply') this.#waiting = this.#waiting.filter(({ kind }) => kind !== 'reply');
    this.#waiting.unshift(request);
  }

  /** The first request that `may` be made now, taken out. The order is kept: nothing overtakes one that may not. */
  next(may: (request: Request) => boolean): Request | undefined {
    const first = this.#waiting[0];
    return first && may(first) ? this.#waiting.shift() : undefined;
  }

  /** Forgets all but what `keep` holds of. */
  retain(keep: (request: Request) => boolean): void {
    this.#waiting = this.#waiting.filter(keep);
  }
}
