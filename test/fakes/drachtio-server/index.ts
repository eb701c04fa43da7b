export { type FakeDrachtioOptions, FakeDrachtioServer, type PeerCall } from './fake.js';
export { header, methodOf, type SipText, statusOf } from './sip-text.js';
