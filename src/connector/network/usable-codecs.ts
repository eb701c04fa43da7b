import { ConnectorError } from '../../base/connector-error.js';
import type { Config, MediaConfig } from '../../config/config.js';
import type { Logger } from '../../flavor-api/index.js';
import { loadOpus } from '../../media/opus/load-opus.js';

/**
 * The codecs of a configuration without Opus where its library is not there to be loaded.
 * @returns the same object where nothing is missing
 * @throws ConnectorError `ERR_CONFIG_INVALID` where no codec is left
 */
export async function usableMedia(media: MediaConfig, log: Pick<Logger, 'warn'>): Promise<MediaConfig> {
  if (!media.codecs.includes('opus') || (await loadOpus(media.opus.library)) !== undefined) return media;
  const codecs = media.codecs.filter((codec) => codec !== 'opus');
  if (codecs.length === 0) throw new ConnectorError('ERR_CONFIG_INVALID', `no codec is left: ${missingOpus(media)}`);
  log.warn({ library: media.opus.library }, `opus is not offered: ${missingOpus(media)}`);
  return { ...media, codecs };
}

/** What `check` says of codecs that will not be offered. */
export async function codecWarnings({
  media,
}: Config): Promise<readonly { readonly path: readonly (string | number)[]; readonly message: string }[]> {
  const { codecs } = media;
  if (!codecs.includes('opus') || (await loadOpus(media.opus.library)) !== undefined) return [];
  return [{ path: ['media', 'codecs', codecs.indexOf('opus')], message: `not offered: ${missingOpus(media)}` }];
}

function missingOpus({ opus }: MediaConfig): string {
  return `the package ${opus.library} cannot be loaded`;
}
