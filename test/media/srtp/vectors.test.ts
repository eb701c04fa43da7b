import { expect, test } from 'vitest';
import { AeadProtection } from '../../../src/media/srtp/aead-protection.js';
import { CounterModeProtection } from '../../../src/media/srtp/counter-mode-protection.js';
import { deriveSessionKeys } from '../../../src/media/srtp/key-derivation.js';

const hex = (text: string): Buffer => Buffer.from(text.replace(/\s/g, ''), 'hex');

test('RFC 3711 B.3: session keys of AES-CM', () => {
  const master = hex('E1F97A0D3E018BE0D64FA32C06DE4139 0EC675AD498AFEEBB6960B3AABE6');
  const keys = deriveSessionKeys(master, 'rtp');
  expect(Buffer.from(keys.cipherKey)).toEqual(hex('C61E7A93744F39EE10734AFE3FF7A087'));
  expect(Buffer.from(keys.salt)).toEqual(hex('30CBBC08863D8C85D49DB34A9AE1'));
  expect(Buffer.from(keys.authKey)).toEqual(hex('CEBE321F6FF7716B6FD4AB49AF256A156D38BAA4'));
});

test('RFC 3711 B.2: the key stream of AES-CM', () => {
  const keys = {
    cipherKey: hex('2B7E151628AED2A6ABF7158809CF4F3C'),
    salt: hex('F0F1F2F3F4F5F6F7F8F9FAFBFCFD'),
    authKey: Buffer.alloc(20),
  };
  const packet = Buffer.alloc(12 + 48 + 10);
  // SSRC and index 0, as in the RFC.
  new CounterModeProtection(keys, keys, 10).protectRtp(packet, 12, 0, 0);
  expect(packet.subarray(12, 60)).toEqual(
    hex('E03EAD0935C95E80E166B16DD92B4EB4 D23513162B02D0F72A43A2FE4A5F97AB 41E95B3BB0A2E8DD477901E4FCA894C0'),
  );
});

const gcmKeys = {
  cipherKey: hex('000102030405060708090a0b0c0d0e0f'),
  salt: hex('517569642070726f2071756f'),
  authKey: Buffer.alloc(20),
};

test('RFC 7714 16.1: SRTP with AEAD_AES_128_GCM', () => {
  const plain = hex(
    '8040f17b 8041f8d3 5501a0b2 47616c6c696120657374206f6d6e69732064697669736120696e207061727465732074726573',
  );
  const sealed = hex(
    '8040f17b 8041f8d3 5501a0b2 f24de3a3fb34de6cacba861c9d7e4bcabe633bd50d294e6f42a5f47a51c7d19b36de3adf8833' +
      '899d7f27beb16a9152cf765ee4390cce',
  );
  const protection = new AeadProtection(gcmKeys, gcmKeys);
  const bytes = Buffer.concat([plain, Buffer.alloc(16)]);
  protection.protectRtp(bytes, 12, 0x5501_a0b2, 0xf17b);
  expect(bytes).toEqual(sealed);
  expect(protection.unprotectRtp(bytes, 12, 0x5501_a0b2, 0xf17b)).toBe(true);
  expect(bytes.subarray(0, plain.length)).toEqual(plain);
});

test('RFC 7714 17.1: SRTCP with AEAD_AES_128_GCM', () => {
  const plain = hex(
    '81c8000d4d6172734e5450314e545032525450200000042a0000e9304c756e61deadbeefdeadbeefdeadbeefdeadbeefdeadbeef',
  );
  const sealed = hex(
    '81c8000d4d61727363e94885dcdab67ca727d7662f6b7e997ff5c0f76c06f32dc676a5f1730d6fda4ce09b4686303ded0bb9275bc84aa458' +
      '96cf4d2fc5abf87245d9eade800005d4',
  );
  const protection = new AeadProtection(gcmKeys, gcmKeys);
  const bytes = Buffer.concat([plain, Buffer.alloc(20)]);
  protection.protectRtcp(bytes, 0x4d61_7273, 0x5d4);
  expect(bytes).toEqual(sealed);
  expect(protection.rtcpIndexOf(bytes)).toBe(0x5d4);
  expect(protection.unprotectRtcp(bytes, 0x4d61_7273)).toBe(true);
  expect(bytes.subarray(0, plain.length)).toEqual(plain);
});
