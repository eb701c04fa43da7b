export { type FakeDrachtioOptions, FakeDrachtioServer, type PeerCall } from './fake.js';
export { header, type SipText } from './sip-text.js';
