import { expect, test } from 'vitest';
import { type Hop, nextHop } from '../../src/http/redirect.js';

const hop = (more: Partial<Hop> = {}): Hop => ({
  url: new URL('https://shop.test/book?a=1'),
  method: 'POST',
  headers: { 'Content-Type': 'application/json', Authorization: 'Bearer x' },
  body: '{}',
  ...more,
});

test.each([200, 201, 300, 304, 305, 400])('%i leads nowhere, whatever its Location says', (status) => {
  expect(nextHop(hop(), status, '/there')).toBeUndefined();
});

test('a step from https to http is blocked, also to the same host', () => {
  expect(() => nextHop(hop(), 307, 'http://shop.test/book')).toThrow(/redirects from https to http/);
});

test('a step from http to https is a change of origin', () => {
  const next = nextHop(hop({ url: new URL('http://shop.test/') }), 307, 'https://shop.test/');
  expect(next).toMatchObject({ method: 'POST', body: '{}', headers: { 'Content-Type': 'application/json' } });
  expect(next?.headers['Authorization']).toBeUndefined();
});

test.each([
  [301, 'POST', 'GET'],
  [302, 'POST', 'GET'],
  [303, 'POST', 'GET'],
  [303, 'PUT', 'GET'],
  [303, 'HEAD', 'HEAD'],
  [301, 'PUT', 'PUT'],
  [307, 'POST', 'POST'],
  [308, 'DELETE', 'DELETE'],
])('%i turns %s into %s', (status, method, expected) => {
  const next = nextHop(hop({ method }), status, 'there');
  expect(next).toMatchObject({ method: expected, url: new URL('https://shop.test/there') });
  expect(next?.body).toBe(expected === method ? '{}' : undefined);
  expect(next?.headers['Authorization']).toBe('Bearer x');
});

test.each([
  [307, 'POST', 'https://other.test/'],
  [308, 'PUT', 'https://other.test/'],
  [302, 'PUT', 'https://other.test/'],
  [307, 'POST', 'https://shop.test:8443/other'],
])('%i of a %s does not take its body to %s', (status, method, location) => {
  const next = () => nextHop(hop({ method }), status, location);
  expect(next).toThrow(expect.objectContaining({ code: 'ERR_HTTP_BLOCKED' }));
  expect(next).toThrow('shop.test redirects what was sent to it to another host');
});

test('without a body it may go there, without its credentials', () => {
  const seen = nextHop(hop({ method: 'DELETE', body: undefined }), 307, 'https://other.test/');
  expect(seen).toMatchObject({ method: 'DELETE', headers: { 'Content-Type': 'application/json' } });
  expect(nextHop(hop(), 303, 'https://other.test/')).toMatchObject({ method: 'GET', headers: {}, body: undefined });
});
