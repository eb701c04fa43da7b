import type { CallContext } from '../../flavor-api/index.js';

type History = CallContext['history'];

/**
 * What a session knows of its call. A literal with a getter would be an object with a table of its own, 800 bytes for as
 * long as the call: here the getter is the same for all, and still a property that a flavor may copy as any other.
 */
class HostContext {
  static readonly #getter: PropertyDescriptor & ThisType<HostContext> = {
    enumerable: true,
    get(): History {
      return this.#read();
    },
  };
  readonly #read: () => History;
  declare readonly history: History;

  constructor(read: () => History) {
    this.#read = read;
    Object.defineProperty(this, 'history', HostContext.#getter);
  }
}

/** The context of one call; `read` is asked for the dialogue each time somebody looks at it. */
export function withHistory(facts: Omit<CallContext, 'history'>, read: () => History): CallContext {
  return Object.assign(new HostContext(read), facts);
}
