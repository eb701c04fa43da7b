import { evenPorts, isEverybody, isLoopback } from './addresses.js';
import { valueAt } from './explain-issue.js';
import { type BrokenRule, type FileNames, isWritten } from './rules/broken-rule.js';
import { checkConversation } from './rules/conversation.js';
import { checkDrachtio } from './rules/drachtio.js';
import { checkOutbound } from './rules/outbound.js';
import { checkReachable, checkRoute } from './rules/route.js';
import { checkSessionTimers } from './rules/session-timers.js';
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
    ...checkOutbound(config, names),
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

/** Whether peers on other machines can call in at all. */
function hasRemotePeers({ signaling }: ParsedConfig): boolean {
  if (signaling.driver === 'drachtio') {
    return signaling.drachtio?.some(({ allow }) => allow.some((block) => !isLoopback(block))) ?? false;
  }
  // The callers are OpenSIPS's, and may be anywhere; or it serves this machine alone.
  if (signaling.driver === 'opensips') return false;
  const { allow, listen } = signaling.embedded;
  return listen.some(({ host }) => !isLoopback(host)) && allow.some((block) => !isLoopback(block));
}

function checkSignaling(config: ParsedConfig, written: unknown): BrokenRule[] {
  return config.signaling.driver === 'drachtio' ? checkDrachtio(config, written) : checkEmbedded(config, written);
}

function checkEmbedded(config: ParsedConfig, written: unknown): BrokenRule[] {
  const broken: BrokenRule[] = [];
  const { embedded } = config.signaling;
  if (embedded.advertise !== undefined && isLoopback(embedded.advertise) && hasRemotePeers(config)) {
    broken.push({
      path: ['signaling', 'embedded', 'advertise'],
      message: 'peers on other machines may call in, and would be told to answer to themselves',
      help: 'advertise an address that they reach, or allow loopback only',
    });
  }
  for (const [index, block] of embedded.allow.entries()) {
    if (!isEverybody(block)) continue;
    broken.push({
      severity: 'warning',
      path: ['signaling', 'embedded', 'allow', index],
      message: 'anybody on the network may call in',
      help: 'name the networks of your PBX and trunks',
    });
  }
  broken.push(...checkTls(config, written));
  broken.push(...checkSessionTimers(embedded.sessionTimers, ['signaling', 'embedded']));
  const seen = new Set<string>();
  for (const [index, { protocol, host, port }] of embedded.listen.entries()) {
    const address = `${protocol}:${host}:${port}`;
    if (port !== 0 && seen.has(address)) {
      broken.push({ path: ['signaling', 'embedded', 'listen', index], message: 'this address is listed twice' });
    }
    seen.add(address);
  }
  return broken;
}

function checkTls({ signaling }: ParsedConfig, written: unknown): BrokenRule[] {
  const { listen, tls } = signaling.embedded;
  const broken: BrokenRule[] = [];
  const named = isWritten(written, ['signaling', 'embedded', 'tls']);
  for (const [index, { protocol }] of listen.entries()) {
    if ((protocol !== 'tls' && protocol !== 'wss') || named) continue;
    broken.push({
      path: ['signaling', 'embedded', 'listen', index],
      message: `${protocol}: needs a certificate`,
      help: 'add signaling.embedded.tls: { cert: FILE, key: FILE }',
    });
  }
  if (tls?.requireClientCertificate && tls.ca === undefined) {
    broken.push({
      path: ['signaling', 'embedded', 'tls', 'requireClientCertificate'],
      message: "with the system's authorities anybody's certificate would do",
      help: 'name the authority of your peers: ca: FILE',
    });
  }
  return broken;
}

function checkMedia(config: ParsedConfig): BrokenRule[] {
  const { limits, media } = config;
  const broken: BrokenRule[] = [];
  const sdpAddress = media.advertise ?? media.bind;
  if (isLoopback(sdpAddress) && hasRemotePeers(config)) {
    broken.push({
      path: ['media', media.advertise === undefined ? 'bind' : 'advertise'],
      message: 'peers on other machines may call in, and would be told to send their audio to themselves',
      help: `give an address that they reach, or let signaling.${config.signaling.driver}.allow name loopback only`,
    });
  }
  if (
    media.advertise !== undefined &&
    media.bind !== '::' &&
    media.advertise.includes(':') !== media.bind.includes(':')
  ) {
    broken.push({
      path: ['media', 'advertise'],
      message: 'the address is of another family than media.bind',
      help: 'bind and advertise IPv4, or both IPv6; bind "::" takes both',
    });
  }
  if (media.dscp !== undefined && media.engine === 'worker') {
    broken.push({
      path: ['media', 'dscp'],
      message: 'the worker engine cannot mark packets: Node has no way to do it',
      help: 'take engine: native (npm run build:native), or remove the key and mark the ports of media.ports in the firewall',
    });
  }
  if (media.vad.engine === 'silero' && media.vad.model === undefined) {
    broken.push({
      path: ['media', 'vad', 'model'],
      message: 'silero needs its model',
      help: 'give the path of silero_vad.onnx, or take engine: energy',
    });
  }
  if (media.jitter.minMs > media.jitter.maxMs) {
    broken.push({
      path: ['media', 'jitter'],
      message: 'minMs is above maxMs',
      help: 'the delay adapts between the two; the same value fixes it',
    });
  }
  for (const [index, codec] of media.codecs.entries()) {
    if (media.codecs.indexOf(codec) === index) continue;
    broken.push({ path: ['media', 'codecs', index], message: 'this codec is listed twice' });
  }
  const pairs = evenPorts(media.ports.min, media.ports.max);
  if (pairs < limits.calls) {
    broken.push({
      severity: 'warning',
      path: ['media', 'ports'],
      message: `the range has ports for ${pairs} calls, and limits.calls is ${limits.calls}`,
      help: 'widen the range, since ports also rest between calls, or lower limits.calls',
    });
  }
  return broken;
}

function checkAdmin({ admin }: ParsedConfig, written: unknown): BrokenRule[] {
  if (!isWritten(written, ['admin', 'token']) && !isLoopback(admin.listen.host)) {
    return [
      {
        path: ['admin', 'listen'],
        message: 'listening beyond loopback needs a token',
        help: `add admin.token: "\${ADMIN_TOKEN}", or listen on 127.0.0.1`,
      },
    ];
  }
  if (admin.token !== undefined && admin.token.length < 16) {
    return [
      {
        severity: 'warning',
        path: ['admin', 'token'],
        message: 'the token has fewer than 16 characters',
        help: 'make one with: openssl rand -hex 24',
      },
    ];
  }
  return [];
}
