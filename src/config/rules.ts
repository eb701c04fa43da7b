import { valueAt } from './reading/config-path.js';
import { checkAdmin } from './rules/admin.js';
import type { BrokenRule, FileNames } from './rules/broken-rule.js';
import { checkConversation } from './rules/conversation.js';
import { checkDrachtio } from './rules/drachtio.js';
import { checkEmbedded } from './rules/embedded.js';
import { checkMedia } from './rules/media.js';
import { checkOutbound } from './rules/outbound.js';
import { checkReachable, checkRoute } from './rules/route.js';
import { checkSrtp } from './rules/srtp.js';
import { checkTools } from './rules/tools.js';
import type { ParsedConfig } from './schema.js';

/**
 * Everything that no single key can be blamed for.
 *
 * @param written The file as plain data: which keys of a route are there, and which are defaults.
 */
export function checkRules(config: ParsedConfig, names: FileNames, written: unknown): BrokenRule[] {
  return [
    ...checkSignaling(config, written),
    ...checkMedia(config),
    ...checkSrtp(config),
    ...checkAdmin(config, written),
    ...checkOutbound(config, names, written),
    ...checkTools(config, names),
    ...config.routes.flatMap((route, index) => {
      const path = ['routes', index];
      return [
        ...checkRoute(route, path, names, valueAt(written, path)),
        ...checkConversation(route, path, config, names),
      ];
    }),
    ...checkReachable(config.routes),
  ];
}

function checkSignaling(config: ParsedConfig, written: unknown): BrokenRule[] {
  return config.signaling.driver === 'drachtio' ? checkDrachtio(config, written) : checkEmbedded(config, written);
}
