import { createDecipheriv } from 'node:crypto';
import { expect, test } from 'vitest';
import { prf } from '../../../src/media/dtls/prf.js';
import { parseRecords, writeRecord } from '../../../src/media/dtls/record.js';
import { RecordLayer } from '../../../src/media/dtls/record-layer.js';
import { RecordProtection } from '../../../src/media/dtls/record-protection.js';

const hex = (text: string): Buffer => Buffer.from(text.replace(/\s/g, ''), 'hex');

test('the PRF of TLS 1.2 with SHA-256: the vector of the TLS working group', () => {
  const secret = hex('9bbe436ba940f017b17652849a71db35');
  const seed = hex('a0ba9f936cda311827a6f796ffd5198c');
  expect(Buffer.from(prf(secret, 'test label', seed, 100))).toEqual(
    hex(
      'e3f229ba727be17b8d122620557cd453c2aab21d07c3d495329b52d4e61edb5a6b301791e90d35c9c9a46b4e14baf9af' +
        '0fa022f7077def17abfd3797c0564bab4fbc91666e9def9b97fce34f796789baa48082d122ee42c5a72e5a5110fff70187347b66',
    ),
  );
});

const recordKey = { key: hex('feffe9928665731c6d6a8f9467308308'), iv: hex('cafebabe') };
const record = { type: 21, epoch: 1, sequence: 0x0102_0304_0506, payload: hex('1400000c') };

test('a protected record has the nonce and the associated data of RFC 5288 and RFC 6347', () => {
  const bytes = Buffer.from(writeRecord(new RecordProtection(recordKey).seal(record)));
  expect(bytes.subarray(0, 13)).toEqual(hex('15 fefd 0001 010203040506 001c'));
  const decipher = createDecipheriv(
    'aes-128-gcm',
    recordKey.key,
    Buffer.concat([hex('cafebabe'), bytes.subarray(13, 21)]),
  );
  // Epoch, sequence number, type, version, length in the clear.
  decipher.setAAD(hex('0001 010203040506 15 fefd 0004'));
  decipher.setAuthTag(bytes.subarray(-16));
  expect(Buffer.concat([decipher.update(bytes.subarray(21, -16)), decipher.final()])).toEqual(record.payload);
});

test('AES-128-GCM: test case 4 of its specification, as a record', () => {
  // The cipher alone: the associated data of records is other than the specification's.
  const key = hex('feffe9928665731c6d6a8f9467308308');
  const sealed = new RecordProtection({ key, iv: hex('cafebabe') }).seal({
    type: 23,
    // The explicit nonce, facedbaddecaf888, by the record's numbers.
    epoch: 0xface,
    sequence: 0xdbad_deca_f888,
    payload: hex(
      'd9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39',
    ),
  });
  expect(Buffer.from(sealed.payload.subarray(0, -16))).toEqual(
    hex(
      'facedbaddecaf888 42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e21d514b25466931c7d8f6a5aac84aa051ba30b396a0aac973d58e091',
    ),
  );
});

test('records are read back, up to the first that is none', () => {
  const one = Buffer.from(writeRecord(record));
  const two = Buffer.from(writeRecord({ ...record, type: 20, sequence: 7 }));
  expect(parseRecords(Buffer.concat([one, two]))).toEqual([record, { ...record, type: 20, sequence: 7 }]);
  expect(parseRecords(Buffer.concat([one, two.subarray(0, -1)]))).toHaveLength(1);
  expect(parseRecords(Buffer.concat([one, two.subarray(0, 12)]))).toHaveLength(1);
  const tls = Buffer.from(two);
  tls.writeUInt16BE(0x0303, 1);
  expect(parseRecords(Buffer.concat([one, tls, two]))).toHaveLength(1);
  expect(parseRecords(Buffer.alloc(0))).toEqual([]);
  const payload = Buffer.alloc(2 ** 14 + 2048);
  expect(parseRecords(writeRecord({ ...record, payload }))).toHaveLength(1);
  expect(parseRecords(writeRecord({ ...record, payload: Buffer.concat([payload, one]) }))).toEqual([]);
});

test('of epoch 1 each record is taken once, the last 64 in any order; of other epochs none', () => {
  const sender = new RecordLayer();
  const receiver = new RecordLayer();
  const other = { key: hex('00112233445566778899aabbccddeeff'), iv: hex('00000000') };
  sender.protect(recordKey, other);
  const records = Array.from({ length: 400 }, (_, i) =>
    parseRecords(sender.write(1, 23, Uint8Array.of(i & 0xff))).at(0),
  );
  const open = (index: number, epoch = 1): number | undefined => {
    const [found] = records.slice(index, index + 1);
    return found && receiver.open({ ...found, epoch })?.at(0);
  };
  expect(open(0)).toBeUndefined();
  receiver.protect(other, recordKey);
  for (const index of [0, 64, 63, 1, 62]) expect(open(index)).toBe(index);
  for (const index of [0, 64, 63, 1, 62]) expect(open(index)).toBeUndefined();
  expect(open(399)).toBe(399 & 0xff);
  expect(open(336)).toBe(336 & 0xff);
  expect(open(65)).toBeUndefined();
  expect(open(398, 2)).toBeUndefined();
  expect(open(398)).toBe(398 & 0xff);
});

test('there is nothing to write protected before there are keys', () => {
  expect(() => new RecordLayer().write(1, 23, Uint8Array.of(1))).toThrow(TypeError);
});
