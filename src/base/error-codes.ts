/**
 * Every error code the connector itself can throw, with what it means and what helps. One table: `docs/errors.md` and
 * the tests are held against it. Flavor codes live with the contract (`flavor-api/errors.ts`).
 */
export const errorCodes = {
  ERR_CONFIG_INVALID: {
    meaning: 'The configuration file has a mistake.',
    remedy: 'Correct the key named in the message; `voice-connector check` lists all of them.',
  },
  ERR_CONFIG_UNREADABLE: {
    meaning: 'The configuration file cannot be read.',
    remedy: 'Check the path, its permissions, and that it is text in UTF-8.',
  },
  ERR_LISTEN: {
    meaning: 'A listening address cannot be bound.',
    remedy: 'Free the port, or choose another address in the configuration.',
  },
  ERR_TLS_FILE: {
    meaning: 'A certificate, key or list of authorities cannot be used for TLS.',
    remedy:
      'Look at the file that `signaling.embedded.tls` names: PEM, a key without passphrase that fits the certificate.',
  },
  ERR_STOPPED: {
    meaning: 'The connector was stopped, before it had started or before it was to start again.',
    remedy: 'Nothing is wrong: make another one to start again.',
  },
  ERR_NO_MEDIA_PORT: {
    meaning: 'No RTP port is free in `media.ports`.',
    remedy:
      'Widen `media.ports`, lower `limits.calls` or shorten `media.portRestSeconds`. Where the message names the limit of open files, raise that.',
  },
  ERR_MEDIA_ENGINE: {
    meaning: 'The media add-on that `media.engine: native` asks for is missing or cannot be loaded.',
    remedy: 'Build it on this machine (`npm run build:native`), or leave `media.engine` at `auto`.',
  },
  ERR_SDP_INVALID: {
    meaning: 'A session description cannot be read.',
    remedy: 'The peer is answered 400 or 488; the message names the line.',
  },
  ERR_SDP_UNACCEPTABLE: {
    meaning: 'A session description offers nothing the connector can use.',
    remedy: 'The peer is answered 488; compare its codecs with `media.codecs`.',
  },
  ERR_SIP_MESSAGE: {
    meaning: 'A SIP message is malformed.',
    remedy: 'The peer is answered 400 where an answer is possible.',
  },
  ERR_SIP_STATE: {
    meaning: 'A SIP operation does not fit the state of the call.',
    remedy: 'A mistake in the calling code: the message names operation and state.',
  },
  ERR_SIP_TRANSPORT: {
    meaning: 'A peer cannot be reached over SIP.',
    remedy: 'Check that the peer listens on the address and transport in its Contact or in the configuration.',
  },
  ERR_DRACHTIO_SECRET: {
    meaning: 'A drachtio server refuses the secret.',
    remedy: 'Compare `secret` in `signaling.drachtio` with `<admin secret="...">` of the server.',
  },
  ERR_DRACHTIO_MODULE: {
    meaning: 'The module drachtio-srf cannot be loaded.',
    remedy: 'Install the package again (`npm ci`); every other driver works without it.',
  },
  ERR_FLAVOR_NOT_FOUND: {
    meaning: 'A flavor named in the configuration cannot be loaded.',
    remedy: 'Check the name in `use`, or install the package beside the configuration file.',
  },
  ERR_FLAVOR_INVALID: {
    meaning: 'A loaded module is not a flavor of a supported contract version.',
    remedy: 'It must default-export `defineFlavor({...})` with `apiVersion: 1`.',
  },
  ERR_AUDIO_FILE: {
    meaning: 'An audio file cannot be used.',
    remedy: 'Check the path and its permissions; a file to play is RIFF/WAVE with 16-bit PCM or G.711 samples.',
  },
  ERR_RECORD_WRITE: {
    meaning: 'A call record cannot be written.',
    remedy:
      'Check space and permissions of `cdr.path`; a running connector keeps the record in memory and tries again.',
  },
  ERR_RECORD_IN_USE: {
    meaning: 'Another connector writes the same file of call records.',
    remedy: 'Give each connector a `cdr.path` of its own, or stop the other one first.',
  },
  ERR_RECORD_READ: {
    meaning: 'A file of call records cannot be read for a report.',
    remedy: 'Name the file of `cdr.path`, or those it was rotated to; a relative path starts at the working directory.',
  },
  ERR_CALL_INTERRUPTED: {
    meaning: 'The connector died during the call (crash, kill -9, power cut); only in recovered call records.',
    remedy: 'Look for the cause in the system log; `endedAt` of the record is exact to about five seconds.',
  },
  ERR_CALL_NOT_ALLOWED: {
    meaning: 'An outbound call was refused: its number is none that may be called (403).',
    remedy: 'List its beginning in `outbound.allow` if it may; without that list nobody is called.',
  },
  ERR_CALL_LIMIT: {
    meaning: 'An outbound call was refused: as many are up, or were begun, as may be (429).',
    remedy: 'Wait as long as Retry-After says, or raise `outbound.calls`, `outbound.callsPerMinute` or `limits.calls`.',
  },
  ERR_CALL_INVALID: {
    meaning: 'An outbound call cannot be made as it was asked for (422).',
    remedy:
      'The message says what is wrong: no such flavor or route, or a variable or a header field that may not be set.',
  },
  ERR_CALL_UNAVAILABLE: {
    meaning: 'No outbound call can be made at the moment (503): draining, or the SIP driver is down.',
    remedy: 'Ask another connector, or wait as long as Retry-After says.',
  },
  ERR_RECORDING_WRITE: {
    meaning: 'The recording of a call cannot be written, or lacks what a slow disk did not take in time.',
    remedy: 'Check space, permissions and speed of `recording.path`; the call itself goes on.',
  },
  ERR_ADMIN_UNAUTHORIZED: {
    meaning: 'An admin request came without the token, or with a wrong one (401).',
    remedy: 'Send `Authorization: Bearer` with `admin.token`, or with the content of `data/admin.token`.',
  },
  ERR_ADMIN_RATE_LIMITED: {
    meaning: 'Too many admin requests with a wrong token came from this address (429).',
    remedy: 'Wait as long as Retry-After says, then send the right token.',
  },
  ERR_ADMIN_REQUEST: {
    meaning: 'An admin request is malformed or too large (4xx).',
    remedy: 'The message says what is wrong; `GET /openapi.json` describes every request.',
  },
  ERR_ADMIN_NOT_FOUND: {
    meaning: 'There is no such admin path, or no such call (404).',
    remedy: 'A call that has ended is in the call records, no longer in `GET /calls`.',
  },
  ERR_ADMIN_NOT_RECORDED: {
    meaning: 'The recording of a call was to be paused or resumed, and the call has none (409).',
    remedy: 'Set `recording.mode`, and wait for the answer: ringing calls are not recorded.',
  },
  ERR_ADMIN_BUSY: {
    meaning: 'As many event streams are open as may be (503).',
    remedy: 'Close one, or read the events in one place and pass them on.',
  },
  ERR_ADMIN_INTERNAL: {
    meaning: 'An admin request failed inside the connector (500).',
    remedy: 'A mistake in the connector: the log has the details.',
  },
  ERR_HTTP_BLOCKED: {
    meaning:
      'A request of the connector was to go where requests may not: a private address, another scheme, a url with a password, from https to http.',
    remedy: 'Correct the url, or list the address in `http.allow` if it is one of yours.',
  },
  ERR_HTTP_TIMEOUT: {
    meaning: 'A server did not answer a request of the connector in time.',
    remedy: 'Look at the server named in the message, or raise the `timeoutMs` beside its url.',
  },
  ERR_HTTP_TOO_LARGE: {
    meaning: 'A server answered a request of the connector with more than is taken.',
    remedy: 'Let it answer less, or raise the `maxBytes` beside its url.',
  },
  ERR_HTTP_FAILED: {
    meaning: 'A request of the connector could not be made or was not answered.',
    remedy: 'The message names host and reason; check name, port, certificate and network.',
  },
  ERR_TOOL_INVALID: {
    meaning: 'A tool of the configuration cannot work.',
    remedy: 'The message names the tool and what is wrong with it.',
  },
  ERR_SPEECH: {
    meaning: 'The built-in voice failed to synthesise speech.',
    remedy: 'See the cause; the worker is started anew for the next request.',
  },
  ERR_UNEXPECTED: {
    meaning: 'Something failed that has no code of its own; only in call records and logs.',
    remedy: 'The message and the log around it say more; it is probably a mistake in the connector or a flavor.',
  },
} as const satisfies Record<string, { meaning: string; remedy: string }>;

/** A code of {@link errorCodes}. Stable across releases. */
export type ErrorCode = keyof typeof errorCodes;
