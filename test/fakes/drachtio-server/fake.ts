import { randomBytes, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import {
  type ConnectionOptions,
  connect as connectTls,
  createServer as createTlsServer,
  type TlsOptions,
} from 'node:tls';
import { Application, type SipFrame } from './application.js';
import { encodeFrame } from './frames.js';
import { OutgoingInvite } from './outgoing-invite.js';
import { type Content, PeerDialog } from './peer-dialog.js';
import { header, methodOf, readSip, writeSip } from './sip-text.js';
import { WaitingList } from './waiting-list.js';

export interface FakeDrachtioOptions {
  /** One of its own when absent: a driver of another test that dials a port it had before, and that is ours now, stays outside. */
  readonly secret?: string;
  /** Of 127.0.0.1; 0 lets the kernel choose. */
  readonly port?: number;
  readonly version?: string;
  /** Takes applications over TLS. */
  readonly tls?: TlsOptions;
}

/** A peer's request outside of a dialog. */
export interface PeerCall extends Content {
  /** User of the Request-URI and To. */
  readonly to?: string;
  readonly from?: string;
  /** Before the URI in From, as it stands there. */
  readonly displayName?: string;
  readonly sourceAddress?: string;
  /** Over TLS, or WebSocket over TLS, with `sips:` URIs. */
  readonly secure?: boolean | 'wss';
  readonly callId?: string;
}

/**
 * A drachtio server without SIP: it speaks the server's wire protocol with its applications, and tests play the peers. What
 * it says was compared with what a real one said; see README.md.
 */
export class FakeDrachtioServer implements AsyncDisposable {
  readonly #server: Server;
  readonly #applications = new Set<Application>();
  readonly #connected = new WaitingList<Application>();
  readonly #dialogs = new Set<PeerDialog>();
  readonly #invites = new WaitingList<OutgoingInvite>();
  readonly #open = new Set<OutgoingInvite>();
  readonly #version: string;
  #turn = 0;
  secret: string;
  port = 0;
  /** An application did what the real server does not survive; this one has stopped as well. */
  died = false;
  /** Why INVITEs of applications are not sent; `undefined`: they are. */
  refuseInvites: string | undefined;

  private constructor(options: FakeDrachtioOptions) {
    this.secret = options.secret ?? randomUUID();
    this.#version = options.version ?? 'v0.9.10';
    const take = (socket: Socket): void => this.#take(socket);
    this.#server = options.tls === undefined ? createServer(take) : createTlsServer(options.tls, take);
  }

  static async start(options: FakeDrachtioOptions = {}): Promise<FakeDrachtioServer> {
    const fake = new FakeDrachtioServer(options);
    await fake.listen(options.port ?? 0);
    return fake;
  }

  /** Takes applications, again after {@link stop} too. */
  async listen(port = this.port): Promise<void> {
    this.#server.listen(port, '127.0.0.1');
    await once(this.#server, 'listening');
    this.port = (this.#server.address() as AddressInfo).port;
  }

  /** Stops taking applications, hangs up on those that are there, and forgets all calls: its process is gone. */
  async stop(): Promise<void> {
    this.#dialogs.clear();
    this.#open.clear();
    for (const application of this.#applications) application.close();
    if (!this.#server.listening) return;
    this.#server.close();
    await once(this.#server, 'close');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  get applications(): readonly Application[] {
    return [...this.#applications];
  }

  /** The next application that is let in. */
  async application(): Promise<Application> {
    return this.#connected.next(() => true, 'secret');
  }

  /** Outbound mode: connects to an application, which is to say the secret, and stays as long as the call. */
  async connectTo(port: number, host = '127.0.0.1', tls?: ConnectionOptions): Promise<Application> {
    const socket = tls === undefined ? connect(port, host) : connectTls({ ...tls, port, host });
    await once(socket, tls === undefined ? 'connect' : 'secureConnect');
    this.#take(socket);
    const hungUp = once(socket, 'close').then(() => Promise.reject(new Error('the application hung up')));
    return Promise.race([this.application(), hungUp]);
  }

  /** A call of a peer; the application gets its INVITE. */
  call(options: PeerCall = {}, application = this.#select('invite')): PeerDialog {
    const dialog = this.#peer(options, application);
    dialog.invite(options);
    return dialog;
  }

  /** Another request of a peer outside of a dialog. */
  ask(method: string, options: PeerCall = {}): PeerDialog {
    const dialog = this.#peer(options, this.#select(method.toLowerCase()));
    dialog.outside(method, options);
    return dialog;
  }

  /** The next INVITE of an application outside of a dialog. */
  async outgoing(): Promise<OutgoingInvite> {
    return this.#invites.next(() => true, 'INVITE');
  }

  #peer(options: PeerCall, application: Application): PeerDialog {
    const { to = '2000', from = '1000', sourceAddress = '127.0.0.1', secure = false, callId, displayName } = options;
    const scheme = secure ? 'sips' : 'sip';
    const dialog = new PeerDialog({
      application,
      peer: { protocol: secure === true ? 'tls' : secure || 'udp', address: sourceAddress, port: 5090 },
      peerUri: `${scheme}:${from}@${sourceAddress}:5090`,
      ownUri: `${scheme}:${to}@127.0.0.1:5060`,
      ...(callId === undefined ? {} : { callId }),
      ...(displayName === undefined ? {} : { peerName: displayName }),
      onDeath: () => this.#die(),
    });
    this.#dialogs.add(dialog);
    return dialog;
  }

  #die(): void {
    this.died = true;
    void this.stop();
  }

  #take(socket: Socket): void {
    const application = new Application(socket, {
      secret: this.secret,
      greeting: ['udp/127.0.0.1:5060,tcp/127.0.0.1:5060', this.#version, 'udp/127.0.0.1:5060'],
      onAuthenticated: (one) => this.#connected.add(one),
      onSip: (one, frame) => this.#onSip(one, frame),
      onClosed: (one) => this.#applications.delete(one),
    });
    this.#applications.add(application);
  }

  /** Round robin over those that asked for this method. */
  #select(method: string): Application {
    const candidates = this.applications.filter(({ routes }) => routes.has(method));
    this.#turn += 1;
    const application = candidates[this.#turn % Math.max(candidates.length, 1)];
    if (application === undefined) throw new Error(`no application asked for ${method}: the server would say 503`);
    return application;
  }

  #onSip(application: Application, frame: SipFrame): void {
    // An INVITE that is sent again with credentials has the name of the one before.
    // It takes a message from whoever knows the name of the dialog or transaction.
    const dialog = [...this.#dialogs].reverse().find((one) => one.owns(frame));
    if (dialog !== undefined) {
      dialog.application = application;
      dialog.take(frame);
      return;
    }
    const message = readSip(frame.message);
    const invite = [...this.#open].find(({ transactionId }) => transactionId === frame.transactionId);
    if (methodOf(message) === 'CANCEL' && invite !== undefined) invite.cancelled(application, frame);
    else if (methodOf(message) === 'INVITE' && frame.dialogId === '') this.#sendInvite(application, frame);
    else application.send(application.answer(frame.id, 'NOK', unknownTo(frame)));
  }

  #sendInvite(application: Application, frame: SipFrame): void {
    if (this.refuseInvites !== undefined) {
      application.send(application.answer(frame.id, 'NOK', this.refuseInvites));
      return;
    }
    const message = readSip(frame.message);
    const transactionId = randomUUID();
    const uri = message.startLine.split(' ')[1] ?? '';
    const sent = writeSip(
      message.startLine,
      [
        ['Via', `SIP/2.0/UDP 127.0.0.1:5060;rport;branch=z9hG4bK${randomBytes(6).toString('hex')}`],
        ['Max-Forwards', '70'],
        ['To', header(message, 'to') ?? `<${uri}>`],
        ['CSeq', header(message, 'cseq') ?? '1 INVITE'],
        ...message.headers
          .filter(([name]) => !['to', 'cseq', 'content-length'].includes(name))
          .map(([name, value]) => [name, value.replace('@localhost', '@127.0.0.1:5060')] as const),
      ],
      message.body,
    );
    const meta = ['application', String(Buffer.byteLength(sent)), 'udp', '127.0.0.1', '5080', '10:20:30.405060'];
    const fields = ['OK', ...meta, transactionId, 'Msg sent:', ''];
    application.send(encodeFrame([randomUUID(), 'response', frame.id, ...fields], sent));
    const invite = new OutgoingInvite(
      application,
      transactionId,
      readSip(sent),
      frame.nextHop,
      (dialog) => this.#dialogs.add(dialog),
      () => this.#die(),
    );
    this.#open.add(invite);
    this.#invites.add(invite);
  }
}

/** What the server says of a message for what it does not know. */
function unknownTo({ dialogId, transactionId, message }: SipFrame): string {
  if (dialogId !== '') return 'Server error: unable to find dialog for dialog id provided';
  if (message.startsWith('CANCEL ')) return `unable to cancel unknown transaction id: ${transactionId}`;
  return 'Response not sent due to unknown transaction';
}
