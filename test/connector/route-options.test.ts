import { expect, test } from 'vitest';
import type { RouteConfig } from '../../src/config/config.js';
import { configSchema } from '../../src/config/schema.js';
import { fixedSayings, routeOptions, routePlan } from '../../src/connector/route-options.js';
import { choiceOf } from '../call/call-setup.js';
import { routeDefaults } from '../support/config-defaults.js';
import { FakeClock } from '../support/fake-clock.js';
import { FakeFlavor } from '../support/fake-flavor.js';

const { limits, cost, cdr, recording } = configSchema.parse({ routes: [{ match: { any: true }, reject: 404 }] });
const render = (text: string): string => text.replace('{{from}}', 'al\r\nice');

const config = {
  limits,
  cost,
  cdr,
  recording,
  transfer: {
    targets: {
      reception: {
        uri: 'sip:100@pbx',
        headers: { 'X-From': '{{from}}', 'X-None': '' },
        mode: 'attended',
        ringSeconds: 20,
      },
    },
  },
} as const;

function routeWith(changes: Partial<RouteConfig>): RouteConfig {
  return { ...routeDefaults, match: { any: true }, flavor: 'a', ...changes };
}

test('seconds of the file are milliseconds of the call', () => {
  const options = routeOptions(config, routeWith({ duration: { warningSeconds: 20 } }), render);
  expect(options.limits.callMs).toBe(config.limits.callSeconds * 1000);
  expect(options.ending.warningMs).toBe(20_000);
  expect(options.silence.repromptMs).toBe(routeDefaults.silence.repromptSeconds * 1000);
});

test('a transfer after a failure goes to the target of that name', () => {
  const route = routeWith({ onFailure: { ...routeDefaults.onFailure, transfer: 'reception' } });
  expect(routeOptions(config, route, render).failure.transfer).toMatchObject({
    ...{ name: 'reception', uri: 'sip:100@pbx', mode: 'attended', ringMs: 20_000 },
  });
});

test('header fields are filled in for the call: one line each, and none without a value', () => {
  const route = routeWith({
    answer: { ...routeDefaults.answer, headers: { 'X-Caller': '<{{from}}>' } },
    hangup: { headers: { Reason: 'Q.850;cause=16' } },
    onFailure: { ...routeDefaults.onFailure, transfer: 'reception' },
  });
  const { answer, hangUp, failure } = routeOptions(config, route, render);
  expect([answer.headers, hangUp.headers, failure.transfer?.headers]).toEqual([
    new Map([['X-Caller', '<al  ice>']]),
    new Map([['Reason', 'Q.850;cause=16']]),
    new Map([['X-From', 'al  ice']]),
  ]);
});

test('a route may be more patient than calls in general, and its calls shorter', () => {
  const { limits, silence } = routeOptions(config, routeWith({}), render);
  expect([limits.silenceMs, limits.callMs]).toEqual([60_000, 3_600_000]);
  expect(silence.firstMs).toBe(silence.repromptMs);
  const own = routeOptions(
    config,
    routeWith({
      silence: { ...routeDefaults.silence, firstSeconds: 5, endSeconds: 180 },
      duration: { ...routeDefaults.duration, endSeconds: 600 },
    }),
    render,
  );
  expect([own.limits.silenceMs, own.limits.callMs, own.silence.firstMs]).toEqual([180_000, 600_000, 5000]);
});

test('the flavors of onFailure are asked after the own one, in order', () => {
  const clock = new FakeClock(0);
  const [a, b, c] = ['a', 'b', 'c'].map((name) => choiceOf(name, new FakeFlavor(), clock));
  if (!a || !b || !c) throw new Error('three were made');
  const route = routeWith({ onFailure: { ...routeDefaults.onFailure, retries: 0, flavors: ['c', 'b'] } });
  const plan = routePlan(route, a, new Map([a, b, c].map((choice) => [choice.name, choice])));
  expect([plan.next(), plan.next(), plan.next(), plan.next()].map((next) => next?.choice.name)).toEqual([
    'a',
    'c',
    'b',
    undefined,
  ]);
});

test('what the host says in any call is made beforehand; texts with a caller in them and texts of the agent are not', () => {
  const route = routeWith({
    greeting: { wav: '/greeting.wav', text: 'Hello.' },
    silence: { repromptSeconds: 5, reprompts: [{ text: 'Are you there?' }] },
    onFailure: { ...routeDefaults.onFailure, apology: { text: 'Sorry, {{from}}.' }, waiting: { text: 'One moment.' } },
  });
  const target = { uri: 'sip:boss@pbx', headers: {}, mode: 'attended', ringSeconds: 30 } as const;
  const boss = { ...target, announce: { text: 'A call.' } };
  const desk = { ...target, announce: { text: '{{from}} for you.' } };
  const refusing = { ...routeDefaults, match: { any: true }, reject: 404 } as const;
  expect(fixedSayings({ cost, recording, routes: [route, refusing], transfer: { targets: { boss, desk } } })).toEqual([
    { text: 'One moment.' },
    { wav: '/greeting.wav', text: 'Hello.' },
    { text: 'A call.' },
  ]);
});

test('what is said of a recording is said where there is one', () => {
  const announce = { text: 'This call is recorded.' };
  const on = { ...config, recording: { ...recording, mode: 'stereo', path: '/recordings', announce } } as const;
  expect(routeOptions(on, routeWith({}), render).recording).toEqual({ announcement: announce });
  const off = { ...config, recording: { ...on.recording, mode: 'off' } } as const;
  expect(routeOptions(off, routeWith({}), render).recording).toEqual({ announcement: undefined });
  const parts = { cost, routes: [], transfer: { targets: {} } };
  expect(fixedSayings({ ...parts, recording: on.recording })).toEqual([announce]);
  expect(fixedSayings({ ...parts, recording: off.recording })).toEqual([]);
});
