import { expect, test } from 'vitest';
import { transferOrder } from '../../src/connector/trunk-order.js';

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

test('media of a target is looked for in the nets of its trunk', () => {
  const mediaFrom = ['203.0.113.0/24'];
  const trunks = { main: { ...config.trunks.main, mediaFrom } };
  const { uri } = config.transfer.targets.mobile;
  expect(transferOrder({ ...config, trunks }, { name: 'mobile', uri })).toMatchObject({ nets: mediaFrom });
});
