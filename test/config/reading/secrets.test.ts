import { expect, test } from 'vitest';
import { isSecretPath, looksSecret, Secrets, soundsSecret, urlSecrets } from '../../../src/config/reading/secrets.js';

test.each([
  'token',
  'adminToken',
  'ADMIN_TOKEN',
  'apiKey',
  'OPENAI_API_KEY',
  'api-key',
  'apikey',
  'OPENAI_APIKEY',
  'key',
  'clientSecret',
  'password',
  'PASSWD',
  'pwd',
  'credentials',
  'Authorization',
  'SMTP_PASS',
])('%s sounds secret', (name) => {
  expect(soundsSecret(name)).toBe(true);
});

test.each(['maxTokens', 'monkey', 'keyboard', 'model', 'VOICE_CONNECTOR_SIP_PORT', 'hotkeys', 'passive', 'bypass'])(
  '%s does not',
  (name) => {
    expect(soundsSecret(name)).toBe(false);
  },
);

test('a secret is found in every form it usually takes, the longer first', () => {
  const secrets = new Secrets();
  secrets.add('s3cr3t "x"/+');
  secrets.add('s3cr3t');
  secrets.add('s3cr3t-and-more');
  expect(secrets.redact('a s3cr3t "x"/+ b s3cr3t \\"x\\"/+ c s3cr3t%20%22x%22%2F%2B d s3cr3t-and-more e s3cr3t')).toBe(
    'a [redacted] b [redacted] c [redacted] d [redacted] e [redacted]',
  );
});

test('short values and lone surrogates do no harm', () => {
  const secrets = new Secrets();
  secrets.add('2000');
  secrets.add('');
  secrets.add('half \ud83d pair');
  expect(secrets.redact('2000 half \ud83d pair')).toBe('2000 [redacted]');
});

test('secrets added later are found too, and special characters mean themselves', () => {
  const secrets = new Secrets();
  secrets.add('a.b*c(d)');
  expect(secrets.redact('a.b*c(d) axbbc')).toBe('[redacted] axbbc');
  secrets.add('$&-[x]|y');
  expect(secrets.redact('$&-[x]|y')).toBe('[redacted]');
});

test('passwords of callers are secrets, although their keys are only names', () => {
  expect(isSecretPath(['signaling', 'embedded', 'auth', 'users', 'pbx'])).toBe(true);
  expect(isSecretPath(['signaling', 'embedded', 'register', 0, 'password'])).toBe(true);
  expect(isSecretPath(['signaling', 'embedded', 'auth', 'realm'])).toBe(false);
});

test('what lies in something that sounds secret is secret, but for what people have given names to', () => {
  expect(isSecretPath(['admin', 'token', 'a', 0])).toBe(true);
  expect(isSecretPath(['signaling', 'embedded', 'auth', 'users', 'pbx', 'a'])).toBe(true);
  expect(isSecretPath(['flavors', 'salon', 'credentials', 'user'])).toBe(true);
  expect(isSecretPath(['flavors', 'secretary', 'voice'])).toBe(false);
  expect(isSecretPath(['tools', 'send_token', 'url'])).toBe(false);
  expect(isSecretPath(['tools', 'reset', 'parameters', 'properties', 'password', 'type'])).toBe(false);
});

test.each(['Cookie', 'X-Auth', 'Proxy-Authorization', 'X-Session-Id', 'X-Api-Key'])(
  'the header field %s is secret',
  (name) => {
    expect(isSecretPath(['tools', 'book', 'headers', name])).toBe(true);
  },
);

test('X-Author is not', () => {
  expect(isSecretPath(['tools', 'book', 'headers', 'X-Author'])).toBe(false);
});

test.each([
  ['ghp_abcdefgh12345678', true],
  ['production', false],
  ['/usr/share/model-12345678', false],
  ['@acme/server-for-2-things', false],
  ['a sentence with 12345 words', false],
  // Hosts, models and other things that have readable names.
  ['db-1.eu-central-1.internal', false],
  ['ip-10-12-0-112.ec2.internal', false],
  ['text-embedding-3-large', false],
  ['--model=gpt-4o-mini-2024-07-18', false],
  ['claude-3-5-sonnet-20241022', false],
  ['models/whisper-large-v3', false],
  ['Production_Server-8080', false],
  // Keys, in whatever pieces.
  ['550e8400-e29b-41d4-a716-446655440000', true],
  ['a8f5f167f44f4964e6c998dee827110c.prod', true],
  ['sk-proj-AbCdEf123456', true],
  ['AB12-CD34-EF56-GH78', true],
  ['ab12-cd34-ef56-gh78', true],
  ['abcd-1234-efgh-5678', true],
  ['sesame-1-abcdefgh-23', true],
  ['summertime20240718', true],
  ['xoxb-qwrtzpsdfghklm-7', true],
  ['xoxb-aqwrtzpsdfgh-7', true],
  ['ab-cd-ef-gh-ij-1', true],
  ['sesame-1234-5678', true],
  ['dGhpcyBpcyBhIHNlY3JldA==1', true],
  ['MTk4NjIyNDgz.Cl2FMQ.ZnCjm1XVW7vRze4b', true],
])('%s looks secret: %s', (text, expected) => {
  expect(looksSecret(text)).toBe(expected);
});

test('passwords in addresses are found, and tokens that stand for both', () => {
  const text = 'redis://u:hunter22@a http://Ann@b wss://:empty-user@c https://ghp_abcdefgh12345678@d sip:x@y';
  expect(urlSecrets(text)).toEqual(['hunter22', 'empty-user', 'ghp_abcdefgh12345678']);
});

test('parameters of an address that are called like secrets are, unless a template makes them', () => {
  const query = 'api_key=hunter22&city={{args.city}}&token={{sip.X-Token}}&max_tokens=1000000&key=customers';
  const text = `wss://a.example/v1?${query} https://b/?access_token=a%2Bb%3Dcde#part https://c/?key=AIzaSyA1b2C3d4E5f6 token=of-none`;
  expect(urlSecrets(text)).toEqual(['hunter22', 'a%2Bb%3Dcde', 'AIzaSyA1b2C3d4E5f6']);
});

test('of a header field, the token is a secret without its scheme, too', () => {
  const secrets = new Secrets();
  secrets.add('Bearer sesame-1');
  expect(secrets.redact('sesame-1, Bearer sesame-1')).toBe('[redacted], [redacted]');
});

test('the secrets of a configuration that is read again join those of before', () => {
  const [before, after] = [new Secrets(), new Secrets()];
  before.add('old-password');
  expect(before.redact('old-password new-password')).toBe('[redacted] new-password');
  after.add('new-password');
  before.include(after);
  expect(before.redact('old-password new-password')).toBe('[redacted] [redacted]');
  expect(after.redact('old-password')).toBe('old-password');
});
