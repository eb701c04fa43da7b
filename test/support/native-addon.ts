import { fileURLToPath } from 'node:url';
import { buildNative } from '../../src/media/native/build-native.js';

/** Path of the media add-on, compiled on first use; apart from where `media.engine` would find it. */
export function nativeAddon(): string {
  const root = fileURLToPath(new URL('../..', import.meta.url));
  const path = fileURLToPath(new URL('../../.tools/native/media-datagrams.node', import.meta.url));
  buildNative(root, path);
  return path;
}

/** What a media thread with that add-on runs. */
export function nativeEntry(): URL {
  nativeAddon();
  return new URL('./native-thread-entry.mjs', import.meta.url);
}
