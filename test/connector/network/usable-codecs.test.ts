import { expect, it } from 'vitest';
import type { MediaConfig } from '../../../src/config/config.js';
import { configSchema } from '../../../src/config/schema.js';
import { usableMedia } from '../../../src/connector/network/usable-codecs.js';
import { createKeptLog } from '../../support/silent-log.js';

/** With a library that is not installed here. */
function mediaWith(codecs: readonly string[]): MediaConfig {
  const { media } = configSchema.parse({
    routes: [{ match: { any: true }, reject: 404 }],
    media: { codecs, opus: { library: 'node-opus' } },
  });
  return { advertise: undefined, ...media };
}

it('Opus is left out, and the log says so, where its library is not there; the other codecs go on', async () => {
  const log = createKeptLog();
  const media = mediaWith(['opus', 'pcma', 'pcmu']);
  expect(await usableMedia(media, log)).toEqual({ ...media, codecs: ['pcma', 'pcmu'] });
  expect(log.lines.join()).toContain('node-opus');
});

it('a connector that has nothing but such an Opus does not start', async () => {
  const media = mediaWith(['opus']);
  await expect(usableMedia(media, createKeptLog())).rejects.toMatchObject({ code: 'ERR_CONFIG_INVALID' });
});

it('a library that is not needed may be missing', async () => {
  const media = mediaWith(['pcmu']);
  const log = createKeptLog();
  expect(await usableMedia(media, log)).toBe(media);
  expect(log.lines).toEqual([]);
});
