import { describe, expect, test } from 'vitest';
import { Dialog } from '../../../../src/signaling/embedded/dialog/dialog.js';
import { addressRequest, routeSetOf } from '../../../../src/signaling/embedded/dialog/route-set.js';
import { parseRequest, parseResponse, requestText, responseText } from '../../../support/sip-text.js';

describe('route set', () => {
  const routes = [
    'Record-Route: <sip:p1.example.com;lr>, "P 2" <sip:p2.example.com;lr;x=",">;y=1',
    'Record-Route: <sip:[2001:db8::3]:5062;lr>',
  ];

  test('in order for the UAS, reversed for the UAC, however the header fields are split', () => {
    const { headers } = parseRequest(
      requestText({ method: 'INVITE', extra: routes.map((r) => r.replace(';x=","', '')) }),
    );
    const inOrder = ['<sip:p1.example.com;lr>', '"P 2" <sip:p2.example.com;lr>;y=1', '<sip:[2001:db8::3]:5062;lr>'];
    expect(routeSetOf(headers, 'uas')).toEqual(inOrder);
    expect(routeSetOf(headers, 'uac')).toEqual([...inOrder].reverse());
  });

  test('no routes: straight to the remote target', () => {
    expect(addressRequest([], 'sip:alice@192.0.2.9')).toEqual({
      requestUri: 'sip:alice@192.0.2.9',
      routes: [],
      nextHop: 'sip:alice@192.0.2.9',
    });
  });

  test('loose router: the target stays the request-URI', () => {
    expect(addressRequest(['<sip:p1;lr>', '<sip:p2>'], 'sip:alice@192.0.2.9')).toEqual({
      requestUri: 'sip:alice@192.0.2.9',
      routes: ['<sip:p1;lr>', '<sip:p2>'],
      nextHop: 'sip:p1;lr',
    });
  });

  test('strict router: it becomes the request-URI, the target the last route; no method or header fields go along', () => {
    expect(addressRequest(['<sip:p1;method=INVITE;a=b?Subject=x>', '<sip:p2;lr>'], 'sip:alice@192.0.2.9')).toEqual({
      requestUri: 'sip:p1;a=b',
      routes: ['<sip:p2;lr>', '<sip:alice@192.0.2.9>'],
      nextHop: 'sip:p1;method=INVITE;a=b?Subject=x',
    });
  });
});

describe('UAS dialog', () => {
  const invite = () =>
    parseRequest(
      requestText({
        method: 'INVITE',
        cseq: 7,
        to: '"Bo, B." <sip:2000@192.0.2.1>;x=y',
        extra: ['Record-Route: <sip:p1;lr>'],
      }),
    );

  test('requests swap From and To, carry both tags, the routes and rising CSeq numbers', () => {
    const dialog = Dialog.ofUas(invite(), 'us');
    const { request, nextHop } = dialog.createRequest('BYE');
    expect([request.method, request.uri, nextHop]).toEqual(['BYE', 'sip:alice@192.0.2.9:5070', 'sip:p1;lr']);
    expect(request.headers.get('Route')).toBe('<sip:p1;lr>');
    expect(request.headers.get('From')).toBe('"Bo, B." <sip:2000@192.0.2.1>;x=y;tag=us');
    expect(request.headers.get('To')).toBe('"Alice" <sip:alice@192.0.2.9>;tag=alice');
    expect(request.headers.get('CSeq')).toBe('1 BYE');
    expect(dialog.createRequest('INFO').request.headers.get('CSeq')).toBe('2 INFO');
  });

  test('a CSeq may jump and stay, but never fall', () => {
    const dialog = Dialog.ofUas(invite(), 'us');
    const accepts = (cseq: number) => dialog.acceptCSeq(parseRequest(requestText({ method: 'INFO', cseq })));
    expect([accepts(6), accepts(7), accepts(1000), accepts(1000), accepts(999)]).toEqual([
      false,
      true,
      true,
      true,
      false,
    ]);
  });

  test('an RFC 2543 INVITE without Contact and tag: its From is the best guess', () => {
    const dialog = Dialog.ofUas(
      parseRequest(requestText({ method: 'INVITE', contact: null, from: 'sip:old@192.0.2.9' })),
      'us',
    );
    const { request } = dialog.createRequest('BYE');
    expect([request.uri, request.headers.get('To'), dialog.remoteTag]).toEqual([
      'sip:old@192.0.2.9',
      'sip:old@192.0.2.9',
      '',
    ]);
  });

  test('a target refresh moves the target, the routes stay', () => {
    const dialog = Dialog.ofUas(invite(), 'us');
    dialog.refreshTarget(
      parseRequest(
        requestText({ method: 'INVITE', contact: '<sip:new@192.0.2.9>', extra: ['Record-Route: <sip:evil;lr>'] }),
      ),
    );
    const { request, nextHop } = dialog.createRequest('BYE');
    expect([request.uri, nextHop]).toEqual(['sip:new@192.0.2.9', 'sip:p1;lr']);
    dialog.refreshTarget(parseRequest(requestText({ method: 'INVITE', contact: null })));
    expect(dialog.createRequest('BYE').request.uri).toBe('sip:new@192.0.2.9');
  });
});

describe('UAC dialog', () => {
  const invite = parseRequest(requestText({ method: 'INVITE', cseq: 5 }));

  test('the 2xx decides routes and target; the ACK takes the CSeq of the INVITE', () => {
    const early = responseText(invite, {
      status: 183,
      toTag: 'bob',
      extra: ['Contact: <sip:bob@a>', 'Record-Route: <sip:p1;lr>'],
    });
    const final = responseText(invite, {
      status: 200,
      toTag: 'bob',
      extra: ['Contact: <sip:bob@b>', 'Record-Route: <sip:p2;lr>', 'Record-Route: <sip:p1;lr>'],
    });
    const dialog = Dialog.ofUac(invite, parseResponse(early));
    dialog.confirm(parseResponse(final));
    const { request, nextHop } = dialog.createRequest('ACK', 5);
    expect([request.uri, nextHop]).toEqual(['sip:bob@b', 'sip:p1;lr']);
    expect(request.headers.getAll('Route')).toEqual(['<sip:p1;lr>', '<sip:p2;lr>']);
    expect(request.headers.get('CSeq')).toBe('5 ACK');
    expect(dialog.createRequest('BYE').request.headers.get('CSeq')).toBe('6 BYE');
  });

  test.each([
    ['<tel:+1234>', 'sip:bob@early'],
    ['<http://192.0.2.9/>', 'sip:bob@early'],
    ['*', 'sip:bob@early'],
    ['<sip:bob@b;x=y;method=BYE?Route=%3Csip:evil%3E>', 'sip:bob@b;x=y'],
    ['<sip:bob@B;X=y>', 'sip:bob@B;X=y'],
    ['<SIPS:bob@b>', 'SIPS:bob@b'],
  ])('a Contact %s makes requests go to %s', (contact, target) => {
    const answer = (status: number, at: string) =>
      parseResponse(responseText(invite, { status, toTag: 'bob', extra: [`Contact: ${at}`] }));
    const dialog = Dialog.ofUac(invite, answer(183, '<sip:bob@early>'));
    dialog.confirm(answer(200, contact));
    expect(dialog.createRequest('ACK', 5).request.uri).toBe(target);
  });
});
