import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { adminServerDefaults } from '../../src/ops/admin-server.js';
import { causeTexts } from '../../src/ops/call-record.js';
import { eventHubDefaults } from '../../src/ops/event-hub.js';
import { recordLogDefaults } from '../../src/ops/record-log.js';
import { fullRecord } from '../support/sample-record.js';

const page = readFileSync(new URL('../../docs/6-operations.md', import.meta.url), 'utf8');

/** `a.b`, `list[].c`: the fields of a value, as the page names them. */
function fieldsOf(value: unknown, name: string): string[] {
  if (Array.isArray(value)) return fieldsOf(value[0], `${name}[]`);
  if (typeof value !== 'object' || value === null) return [name];
  return Object.entries(value).flatMap(([key, inner]) => fieldsOf(inner, name === '' ? key : `${name}.${key}`));
}

test('the operations page explains exactly the fields that a call record has', () => {
  const section = page.split('## Call records')[1]?.split(/^## /m)[0] ?? '';
  const listed = [...section.matchAll(/^\| `([a-z][\w.[\]]*)` \|/gim)].map(([, field]) => field);
  expect(listed.sort()).toEqual(fieldsOf(fullRecord, '').sort());
});

test('the operations page names every cause, and no other', () => {
  const row = /^\| `cause\.text` \| (.*) \|$/m.exec(page)?.[1] ?? '';
  expect([...row.matchAll(/`([a-z-]+)`/g)].map(([, cause]) => cause)).toEqual([...causeTexts]);
});

test('the limits that the operations page states are those in force', () => {
  const { connections, connectionsPerSource, bodyBytes, headerBytes, headersTimeoutMs, requestTimeoutMs } =
    adminServerDefaults;
  const said = page.replaceAll(/\s+/g, ' ');
  expect(said).toContain(
    `${connections} connections, ${eventHubDefaults.subscribers} event streams, bodies of ${bodyBytes / 1024} KB, ` +
      `headers of ${headerBytes / 1024} KB, ${headersTimeoutMs / 1000} seconds for a request's header and ` +
      `${requestTimeoutMs / 1000} for all of it`,
  );
  expect(said).toContain(`can have ${connectionsPerSource} connections`);
  expect(said).toContain(`(${eventHubDefaults.memory.toLocaleString('en')} events)`);
  expect(said).toContain(`(fdatasync) within ${recordLogDefaults.syncDelayMs} ms`);
  expect(said).toContain(`up to ${recordLogDefaults.maxPendingBytes / 2 ** 20} MB of memory`);
});
