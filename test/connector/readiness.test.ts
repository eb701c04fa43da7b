import { expect, test } from 'vitest';
import { obstacles, readiness } from '../../src/connector/readiness.js';
import type { RegistrationStatus, SignalingServer } from '../../src/signaling/port.js';

const pbx = { registrar: 'sip:pbx.example.com', user: '2000' };

function parts(
  registration: Partial<RegistrationStatus> = {},
  { required = false, servers = [] as readonly SignalingServer[] } = {},
) {
  const status: RegistrationStatus = {
    ...pbx,
    state: 'registered',
    expiresAtMs: 1,
    failure: undefined,
    ...registration,
  };
  return {
    draining: false,
    driverUp: true,
    driver: { servers: () => servers, registrations: () => [status] },
    register: [{ ...pbx, required }],
  };
}

const failed = { state: 'failed', expiresAtMs: undefined } as const;
const NAMED = 'an extension is not registered with sip:pbx.example.com';

test('an extension that is not registered is named, without its number, and takes nothing else away', () => {
  expect(readiness(parts())).toEqual({ ready: true, reasons: [] });
  expect(readiness(parts(failed))).toEqual({ ready: true, reasons: [NAMED] });
});

test('one that is required makes the connector unready, before its first registration too', () => {
  for (const state of ['failed', 'registering'] as const) {
    expect(readiness(parts({ ...failed, state }, { required: true }))).toEqual({ ready: false, reasons: [NAMED] });
  }
});

test('one that is not required is no reason where another of the same registrar is', () => {
  const both = parts(failed, { required: true });
  const register = [
    { ...pbx, user: '2001', required: true },
    { ...pbx, required: false },
  ];
  expect(readiness({ ...both, register })).toEqual({ ready: true, reasons: [NAMED] });
});

test('a refresh that failed counts for nothing as long as the binding stands', () => {
  expect(readiness(parts({ state: 'failed' }, { required: true }))).toEqual({ ready: true, reasons: [] });
});

test('a server that is missing is named; draining and a driver that is down make the connector unready', () => {
  const servers = [{ name: 'a:9022', state: 'down' }] as const;
  expect(readiness(parts({}, { servers }))).toEqual({ ready: true, reasons: ['a:9022 is not connected'] });
  const down = { ...parts(failed), draining: true, driverUp: false };
  expect(readiness(down)).toEqual({ ready: false, reasons: ['draining', 'the SIP driver is down', NAMED] });
});

test('neither a missing server nor a missing registration is an obstacle to calls out', () => {
  expect(obstacles(parts(failed, { required: true }))).toEqual([]);
  expect(obstacles({ draining: true, driverUp: true })).toEqual(['draining']);
});
