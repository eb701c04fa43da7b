import { describe, expect, it } from 'vitest';
import { withHistory } from '../../../src/call/session/call-context.js';
import type { CallContext } from '../../../src/flavor-api/index.js';
import { createKeptLog } from '../../support/silent-log.js';

function contextOf(read: () => CallContext['history']): CallContext {
  const facts: Omit<CallContext, 'history'> = {
    id: '1',
    signal: new AbortController().signal,
    direction: 'inbound',
    from: '',
    to: '2000',
    headers: new Map(),
    variables: {},
    input: { encoding: 'mulaw', sampleRate: 8000 },
    output: { encoding: 'mulaw', sampleRate: 8000 },
    render: (text) => text,
    tools: [],
    log: createKeptLog(),
  };
  return withHistory(facts, read);
}

describe('what a session knows of its call', () => {
  it('has the dialogue as it stands whenever somebody looks, each call its own', () => {
    let history: CallContext['history'] = [];
    const context = contextOf(() => history);
    const other = contextOf(() => [{ role: 'caller', turnId: '7', text: 'of another call' }]);
    expect(context.history).toEqual([]);
    history = [{ role: 'caller', turnId: '1', text: 'hello' }];
    expect(context.history).toBe(history);
    expect(other.history).toEqual([{ role: 'caller', turnId: '7', text: 'of another call' }]);
  });

  it('may be copied by a flavor, with the dialogue of that moment', () => {
    const copy = { ...contextOf(() => [{ role: 'caller', turnId: '1', text: 'hello' }]) };
    expect(copy).toMatchObject({ id: '1', to: '2000', history: [{ role: 'caller', turnId: '1', text: 'hello' }] });
  });
});
