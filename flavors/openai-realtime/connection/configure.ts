import { type SessionSetup, sessionUpdate } from '../protocol/session-setup.js';
import type { Connection } from './connection.js';

/**
 * Makes a fresh connection the call's: resolves when it has taken the setup of the moment, which may change while it is told.
 * Rejects as {@link Connection.update} does or with the signal's reason; the connection is then closed.
 */
export async function configured(
  connection: Connection,
  setup: () => SessionSetup,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<Connection> {
  const close = (): void => connection.close();
  signal.addEventListener('abort', close, { once: true });
  try {
    signal.throwIfAborted();
    for (let told: SessionSetup | undefined; told !== setup(); ) {
      told = setup();
      await connection.update(sessionUpdate(told), timeoutMs);
      signal.throwIfAborted();
    }
    return connection;
  } catch (error) {
    connection.close();
    signal.throwIfAborted();
    throw error;
  } finally {
    signal.removeEventListener('abort', close);
  }
}
