import { evenPorts, isLoopback } from '../notation/addresses.js';
import type { ParsedConfig } from '../schema.js';
import type { BrokenRule } from './broken-rule.js';
import { hasRemotePeers } from './remote-peers.js';

/** RTP. */
export function checkMedia(config: ParsedConfig): BrokenRule[] {
  return [...checkAddresses(config), ...checkParts(config), ...checkLists(config)];
}

/** Addresses in SDP that nobody could send to. */
function checkAddresses(config: ParsedConfig): BrokenRule[] {
  const { media } = config;
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
  return broken;
}

/** What one key of `media` needs of another. */
function checkParts({ media }: ParsedConfig): BrokenRule[] {
  const broken: BrokenRule[] = [];
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
  return broken;
}

/** Codecs, each once, and ports, enough of them. */
function checkLists({ limits, media }: ParsedConfig): BrokenRule[] {
  const broken: BrokenRule[] = [];
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
