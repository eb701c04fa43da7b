/**
 * What a key means when the file does not say. `docs/3-configuration.md` and the JSON Schema repeat these; a test holds
 * them together.
 */
export const configDefaults = {
  signaling: {
    driver: 'embedded',
    embedded: {
      listen: ['udp:0.0.0.0:5060', 'tcp:0.0.0.0:5060'],
      /** Loopback and the private networks of RFC 1918 and RFC 4193. */
      allow: ['127.0.0.0/8', '10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '::1', 'fc00::/7'],
    },
  },
  media: {
    bind: '0.0.0.0',
    ports: '35000-64999',
    codecs: ['pcmu', 'pcma'],
    jitter: { minMs: 40, maxMs: 40 },
    latching: { nat: false, strict: false },
    portRestSeconds: 30,
  },
  limits: {
    calls: 200,
    callsPerSecond: 50,
    perSourcePerSecond: 50,
    callSeconds: 3600,
    rtpTimeoutSeconds: 30,
    silenceSeconds: 60,
  },
  admin: { listen: '127.0.0.1:8080' },
  cdr: { path: './data/cdr.jsonl', include: [] },
  recording: { mode: 'off', path: './data/recordings' },
  route: { answer: { delayMs: 0, earlyMedia: false } },
} as const;
