import { expect, test } from 'vitest';
import { anyRoute, loadGood, summary } from './load-text.js';

const trunk = (rest: string): string => `trunks: { out: { targets: ["sip:192.0.2.1"]${rest} } }`;

test('media may come from anywhere unless the file names nets, in general or of a trunk', async () => {
  const { config: open } = await loadGood(`${trunk('')}\n${anyRoute}`);
  expect([open.media.latching.from, open.trunks['out']?.mediaFrom]).toEqual([undefined, undefined]);
  const { config } = await loadGood(
    `media: { latching: { from: [192.0.2.0/24, "2001:DB8::/32"] } }\n${trunk(', mediaFrom: [203.0.113.7]')}\n${anyRoute}`,
  );
  expect(config.media.latching.from).toEqual(['192.0.2.0/24', '2001:db8::/32']);
  expect(config.trunks['out']?.mediaFrom).toEqual(['203.0.113.7']);
});

test.each([
  ['media: { latching: { from: [192.0.2.0/33] } }', 'media.latching.from[0]'],
  ['media: { latching: { from: [] } }', 'media.latching.from'],
  [trunk(', mediaFrom: [sbc.example.com]'), 'trunks.out.mediaFrom[0]'],
  [trunk(', mediaFrom: ["::ffff:10.0.0.0/8"]'), 'trunks.out.mediaFrom[0]'],
])('%s is a mistake', async (text, where) => {
  expect((await summary(`${text}\n${anyRoute}`))[0]).toContain(`error ${where}: `);
});
