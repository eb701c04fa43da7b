import { bench, describe } from 'vitest';
import { createResponse } from '../../../src/signaling/message/response-builder.js';
import type { SipRequest } from '../../../src/signaling/message/sip-message.js';
import { parseMessage } from '../../../src/signaling/message/sip-parser.js';
import { serializeMessage } from '../../../src/signaling/message/sip-serializer.js';
import { mustParse, wire } from './samples.js';

const sdp = [
  ...['v=0', 'o=- 3724394400 3724394400 IN IP4 192.0.2.4', 's=-', 'c=IN IP4 192.0.2.4', 't=0 0'],
  ...['m=audio 49170 RTP/AVP 0 8 9 101', 'a=rtpmap:0 PCMU/8000', 'a=rtpmap:8 PCMA/8000', 'a=rtpmap:9 G722/8000'],
  ...['a=rtpmap:101 telephone-event/8000', 'a=fmtp:101 0-16', 'a=ptime:20', 'a=sendrecv', ''],
].join('\r\n');

/** As a phone sends it through a proxy: two Vias, a Record-Route, 16 header fields. */
const throughProxy = wire(
  'INVITE sip:2000@192.0.2.10:5060 SIP/2.0',
  [
    'Record-Route: <sip:192.0.2.2;lr;ftag=as5f2d;did=4a7.1>',
    'Via: SIP/2.0/UDP 192.0.2.2:5060;branch=z9hG4bK4b43.9a6d1c52.0',
    'Via: SIP/2.0/UDP 192.0.2.4:5060;received=192.0.2.4;branch=z9hG4bKPj6b7f1a2c;rport=5060',
    'Max-Forwards: 69',
    'From: "Alice Example" <sip:alice@example.com>;tag=as5f2d3b1c',
    'To: <sip:2000@example.com>',
    'Contact: <sip:alice@192.0.2.4:5060;ob>',
    'Call-ID: 2b3f6a1e8c9d4f5a@192.0.2.4',
    'CSeq: 24873 INVITE',
    'Allow: PRACK, INVITE, ACK, BYE, CANCEL, UPDATE, INFO, SUBSCRIBE, NOTIFY, REFER, MESSAGE, OPTIONS',
    'Supported: replaces, 100rel, timer, norefersub',
    'Session-Expires: 1800',
    'Min-SE: 90',
    'User-Agent: ExamplePhone 1.2.3',
    'Content-Type: application/sdp',
    `Content-Length: ${sdp.length}`,
  ],
  sdp,
);
const request = mustParse(throughProxy) as SipRequest;

describe(`an INVITE of ${throughProxy.length} bytes`, () => {
  bench('parseMessage', () => {
    parseMessage(throughProxy, 'udp');
  });
  bench('createResponse and serializeMessage', () => {
    serializeMessage(createResponse(request, 180, { toTag: 'a1b2c3d4' }));
  });
});
