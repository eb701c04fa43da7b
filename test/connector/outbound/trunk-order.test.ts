import { expect, test } from 'vitest';
import { transferOrder, trunkOrder } from '../../../src/connector/outbound/trunk-order.js';

const target = (uri: string, trunk?: string) => ({
  ...({ uri, headers: {}, mode: 'bridge', ringSeconds: 30 } as const),
  ...(trunk !== undefined && { trunk }),
});
const config = {
  transfer: {
    targets: {
      here: target('sip:100@pbx.test'),
      mobile: target('tel:+44-20-7123', 'main'),
      desk: target('sip:200@pbx.test', 'main'),
    },
  },
  trunks: {
    main: {
      targets: ['sip:192.0.2.5;transport=tcp'],
      user: 'u',
      password: 'p',
      fromDomain: 'us.test',
      failOverSeconds: 3,
    },
  },
};
const order = (name: keyof typeof config.transfer.targets) =>
  transferOrder(config, { name, uri: config.transfer.targets[name].uri });

test('the target of a transfer is called at its URI, where it names no trunk', () => {
  expect(order('here')).toEqual({ uri: 'sip:100@pbx.test' });
});

test('a number is called through its trunk, with the credentials of that, and is moved nowhere', () => {
  expect(order('mobile')).toEqual({
    uri: 'sip:+44207123@192.0.2.5;transport=tcp',
    targets: ['sip:+44207123@192.0.2.5;transport=tcp'],
    failOverMs: 3_000,
    auth: { user: 'u', password: 'p' },
    fromDomain: 'us.test',
  });
});

test('a SIP URI stays the request-URI, and goes by way of the trunk', () => {
  expect(order('desk')).toMatchObject({ uri: 'sip:200@pbx.test', targets: ['sip:192.0.2.5;transport=tcp'] });
});

test('media of a target is looked for in the nets of its trunk, and encrypted as that has it', () => {
  const mediaFrom = ['203.0.113.0/24'];
  const trunks = { main: { ...config.trunks.main, mediaFrom, srtp: 'required' as const } };
  const { uri } = config.transfer.targets.mobile;
  const way = { nets: mediaFrom, srtp: 'required' };
  expect(transferOrder({ ...config, trunks }, { name: 'mobile', uri })).toMatchObject(way);
});

test('what a tel URI says beside its number (RFC 3966 section 3) is not dialled', () => {
  const uri = 'tel:+44-(20)-71.23;ext=42;phone-context=+44';
  expect(transferOrder(config, { name: 'mobile', uri }).uri).toBe('sip:+44207123@192.0.2.5;transport=tcp');
});

test.each([
  ['sip:+442079460000@192.0.2.5', true],
  ['sip:+442079460000@192.0.2.5:5080;transport=udp', true],
  ['sips:%2B442079460000@Carrier.test', true],
  ['sip:+442079460000;npdi@carrier.test', true],
  // The host is what stands behind the first "@", whatever a parameter says.
  ['sip:+442079460000@198.51.100.9;x=@192.0.2.5', false],
  ['sip:+442079460000@192.0.2.5;maddr=198.51.100.9', false],
  ['sip:+442079460000@192.0.2.5?Route=%3Csip:198.51.100.9%3Blr%3E', false],
  ['sip:+442079460000@198.51.100.9', false],
  ['sip:+12125550000@192.0.2.5', false],
  ['sip:boss@192.0.2.5', false],
  ['tel:+442079460000', false],
  ['nonsense', false],
])('a call moved to %s is followed: %s', (uri, followed) => {
  const { mayFollow } = trunkOrder({ ...config.trunks.main, domain: 'carrier.test' }, '+442079460001', ['+4420']);
  expect(mayFollow?.(uri)).toBe(followed);
});
