import { networkInterfaces } from 'node:os';

/** Whether this machine has `::1`; containers often run without IPv6. */
export const hasIpv6 = Object.values(networkInterfaces()).some((list) =>
  list?.some(({ address }) => address === '::1'),
);
