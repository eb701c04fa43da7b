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
      tls: { verifyPeer: true, requireClientCertificate: false },
      webSocket: { origins: [] },
      keepAliveSeconds: 25,
      sessionTimers: { mode: 'accept', expiresSeconds: 1800, minSeconds: 90, refresher: 'us' },
    },
    drachtio: { port: 9022, from: ['127.0.0.0/8', '::1'] },
    opensips: { mi: 'udp:127.0.0.1:8080', replyDirectory: '/tmp/', events: 'udp:127.0.0.1:0' },
  },
  media: {
    bind: '0.0.0.0',
    ports: '35000-64999',
    codecs: ['pcmu', 'pcma'],
    jitter: { minMs: 20, maxMs: 120 },
    latching: { nat: false, strict: false },
    dtmf: { inband: false },
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
  cost: { prices: [], timeZone: 'UTC', goodbye: 'I am sorry, I have to end this call now. Goodbye.' },
  register: { expiresSeconds: 600, required: false },
  trunk: { failOverSeconds: 4 },
  outbound: { allow: [], callsPerMinute: 30, calls: 10, ringSeconds: 45 },
  admin: { listen: '127.0.0.1:8080' },
  cdr: { path: './data/cdr.jsonl', include: [] },
  recording: { mode: 'off', path: './data/recordings' },
  voice: { name: 'slt' },
  breaker: { failures: 5, openSeconds: 30 },
  http: { allow: [] },
  transfer: { mode: 'blind', ringSeconds: 30 },
  tool: {
    filler: 'One moment, please.',
    fillerAfterMs: 700,
    webhook: {
      parameters: { type: 'object', properties: {} },
      method: 'POST',
      timeoutMs: 8000,
      cancellable: false,
      maxBytes: 16_384,
      result: '',
    },
    mcp: { timeoutMs: 10_000 },
    module: { timeoutMs: 10_000 },
  },
  route: {
    timeZone: 'UTC',
    answer: { delayMs: 0, earlyMedia: false },
    interruption: {
      enabled: true,
      minSpeechMs: 250,
      minWords: 0,
      rejectAfterMs: 500,
      /** Said while listening, in English; nothing that asks for the word, such as "wait" or "no". */
      backchannels: [
        ...['mm', 'mmm', 'mm-hm', 'mm-hmm', 'mhm', 'hm', 'hmm', 'uh-huh', 'uh', 'um', 'ah', 'aha', 'oh'],
        ...['yes', 'yeah', 'yep', 'yup', 'ok', 'okay', 'right', 'all right', 'alright', 'sure', 'exactly'],
        ...['good', 'great', 'fine', 'cool', 'nice', 'wow', 'really', 'true', 'gotcha', 'got it', 'i see', 'of course'],
      ],
      greeting: true,
      echoGuardMs: 0,
    },
    silence: { repromptSeconds: 15, reprompts: [] },
    duration: { warningSeconds: 30 },
    onFailure: {
      retries: 1,
      flavors: [],
      waiting: 'One moment, please.',
      waitingAfterMs: 1300,
      replyTimeoutMs: 10_000,
      apology: 'I am sorry, something went wrong. Please call again later.',
    },
    sounds: { ambient: { levelDb: -45 }, thinking: { levelDb: -38, afterMs: 900 }, hold: { levelDb: -28 } },
    tools: ['hang_up'],
    transfer: [],
    settings: { format: 'native', timeoutMs: 1500, cacheSeconds: 60, required: false },
  },
} as const;
