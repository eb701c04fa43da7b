import { expect, test } from 'vitest';
import { AdmissionControl, admissionDefaults } from '../../src/ops/admission.js';
import { SourceBuckets } from '../../src/ops/source-buckets.js';
import { sourceKey } from '../../src/ops/source-key.js';
import { FakeClock } from '../support/fake-clock.js';

const limits = { calls: 200, callsPerSecond: 50, perSourcePerSecond: 20 };

test('a call is refused while as many as allowed are up', () => {
  const admission = new AdmissionControl({ ...limits, calls: 2 }, { clock: new FakeClock() });
  expect(admission.admit('192.0.2.1', 1)).toEqual({ ok: true });
  expect(admission.admit('192.0.2.1', 2)).toEqual({
    ok: false,
    reason: 'calls',
    retryAfterSeconds: admissionDefaults.callsRetryAfterSeconds,
  });
});

test('under a flood exactly the allowed number of calls is up', () => {
  const clock = new FakeClock();
  const admission = new AdmissionControl({ calls: 200, callsPerSecond: 1000, perSourcePerSecond: 1000 }, { clock });
  let up = 0;
  for (let attempt = 0; attempt < 5000; attempt += 1) {
    if (admission.admit('192.0.2.1', up).ok) up += 1;
    clock.advance(1);
  }
  expect(up).toBe(200);
});

test('one source over its rate is refused alone', () => {
  const admission = new AdmissionControl(limits, { clock: new FakeClock() });
  const verdicts = Array.from({ length: 500 }, () => admission.admit('192.0.2.1', 0));
  expect(verdicts.filter(({ ok }) => ok)).toHaveLength(20);
  expect(verdicts.at(-1)).toEqual({ ok: false, reason: 'source-rate', retryAfterSeconds: 1 });
  expect(admission.admit('192.0.2.2', 0)).toEqual({ ok: true });
});

test('the overall rate holds over all sources, and what it refuses costs the source nothing', () => {
  const clock = new FakeClock();
  const admission = new AdmissionControl(limits, { clock });
  const verdicts = Array.from({ length: 100 }, (_, index) => admission.admit(`192.0.2.${index}`, 0));
  expect(verdicts.filter(({ ok }) => ok)).toHaveLength(50);
  expect(verdicts.at(-1)).toEqual({ ok: false, reason: 'rate', retryAfterSeconds: 1 });
  for (let attempt = 0; attempt < 100; attempt += 1) admission.admit('198.51.100.1', 0);
  clock.advance(1000);
  const afterwards = Array.from({ length: 30 }, () => admission.admit('198.51.100.1', 0));
  expect(afterwards.filter(({ ok }) => ok)).toHaveLength(20);
});

test('a steady stream at the allowed rate is never refused', () => {
  const clock = new FakeClock();
  const admission = new AdmissionControl({ ...limits, perSourcePerSecond: 50 }, { clock });
  for (let call = 0; call < 1000; call += 1) {
    expect(admission.admit('192.0.2.1', 0)).toEqual({ ok: true });
    clock.advance(20);
  }
});

test('a rate of next to nothing, or of nothing, asks for no more than an hour of patience', () => {
  for (const perSourcePerSecond of [0.0001, 0]) {
    const admission = new AdmissionControl({ ...limits, perSourcePerSecond }, { clock: new FakeClock() });
    admission.admit('192.0.2.1', 0);
    expect(admission.admit('192.0.2.1', 0)).toEqual({ ok: false, reason: 'source-rate', retryAfterSeconds: 3600 });
  }
});

test('new limits hold at once', () => {
  const admission = new AdmissionControl(limits, { clock: new FakeClock() });
  admission.setLimits({ calls: 1, callsPerSecond: 50, perSourcePerSecond: 50 });
  expect(admission.admit('192.0.2.1', 1)).toMatchObject({ ok: false, reason: 'calls' });
});

test('Retry-After says how long a slow rate needs', () => {
  const admission = new AdmissionControl({ ...limits, perSourcePerSecond: 0.1 }, { clock: new FakeClock() });
  admission.admit('192.0.2.1', 0);
  expect(admission.admit('192.0.2.1', 0)).toEqual({ ok: false, reason: 'source-rate', retryAfterSeconds: 10 });
});

test('sources are remembered in bounded memory, the busiest longest', () => {
  const buckets = new SourceBuckets({ perSecond: 1, depth: 1 }, 100);
  buckets.of('192.0.2.1', 0).take(0);
  for (let index = 0; index < 5000; index += 1) {
    buckets.of(`10.0.${index >> 8}.${index & 255}`, 0);
    expect(buckets.of('192.0.2.1', 0).has(0)).toBe(false);
  }
  expect(buckets.size).toBe(100);
  for (let index = 0; index < 100; index += 1) buckets.of(`10.1.0.${index}`, 0);
  expect(buckets.of('192.0.2.1', 0).has(0)).toBe(true);
});

test.each([
  ['192.0.2.1', '192.0.2.1'],
  ['::ffff:192.0.2.1', '192.0.2.1'],
  ['::FFFF:192.0.2.1', '192.0.2.1'],
  ['::1', '0:0:0:0::/64'],
  ['fe80::1%eth0', 'fe80:0:0:0::/64'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
  ['2001:0DB8:1:2::', '2001:db8:1:2::/64'],
  ['2001:db8::9', '2001:db8:0:0::/64'],
  ['2001:db8:1:2:3:4:192.0.2.1', '2001:db8:1:2::/64'],
  ['64:ff9b::192.0.2.1', '64:ff9b:0:0::/64'],
  ['not an address', 'not an address'],
])('the peer %s is counted as %s', (address, key) => {
  expect(sourceKey(address)).toBe(key);
});
