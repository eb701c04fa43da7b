import { expect, test } from 'vitest';
import { requestedTarget } from '../../../src/signaling/embedded/requested-target.js';
import { createHarness } from '../../support/embedded-harness.js';
import { parseRequest, requestText, SDP } from '../../support/sip-text.js';

const target = 'Route: <sip:proxy@192.0.2.8;lr>, "Two" <sip:2000;x=1@192.0.2.1>';

test.each([
  ['sip:192.0.2.1', target],
  ['sip:192.0.2.1:5060;lr', target],
  ['sip:192.0.2.1;transport=udp', 'Route: <sip:2000@192.0.2.1>'],
  ['sip:PBX.example.com', target],
])('a strict router before us: %s stands for the last Route', async (uri, route) => {
  const h = await createHarness({ options: { advertise: 'pbx.example.com' } });
  h.send({ method: 'INVITE', uri, to: '<sip:9999@192.0.2.1>', body: SDP, extra: [route] });
  expect(h.leg().invite.requestUser).toBe('2000');
  expect(h.statuses()).toEqual([100, 200]);
});

test.each([
  ['a request-URI with a user', 'sip:3000@192.0.2.1', target, '3000'],
  ['another host', 'sip:192.0.2.7', target, ''],
  ['another port', 'sip:192.0.2.1:5061', target, ''],
  ['no Route', 'sip:192.0.2.1', 'Subject: none', ''],
  ['a Route without user', 'sip:192.0.2.1', 'Route: <sip:192.0.2.1;lr>', ''],
])('%s is what it says', async (_name, uri, route, user) => {
  const h = await createHarness();
  h.send({ method: 'INVITE', uri, body: SDP, extra: [route] });
  expect(h.leg().invite).toMatchObject({ requestUser: user, requestUri: uri });
});

test.each([
  ['sips:192.0.2.1', 5061, '192.0.2.1'],
  ['sip:192.0.2.1;transport=TLS', 5061, '192.0.2.1'],
  ['sip:[2001:DB8:0::1]', 5060, '2001:db8::1'],
])('%s is ours at port %i of %s', (uri, port, host) => {
  const request = parseRequest(requestText({ method: 'INVITE', uri, extra: ['Route: <sip:2000@pbx.example>'] }));
  expect(requestedTarget(request, port, [host])).toBe('sip:2000@pbx.example');
  expect(requestedTarget(request, 5062, [host])).toBe(uri);
});
