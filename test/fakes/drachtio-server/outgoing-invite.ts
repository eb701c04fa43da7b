import { randomUUID } from 'node:crypto';
import type { Application, SipFrame } from './application.js';
import { encodeFrame } from './frames.js';
import { type Content, PeerDialog } from './peer-dialog.js';
import { header, type SipText, tagOf, writeSip } from './sip-text.js';

/** An INVITE that an application sent through the server; a test answers it as the far end. */
export class OutgoingInvite {
  readonly transactionId: string;
  readonly message: SipText;
  /** Where the application wanted it sent, if not to the Request-URI. */
  readonly nextHop: string;
  /** Settles when the application cancels; with the headers of its CANCEL. */
  readonly cancel: Promise<SipText>;
  readonly dialog: PeerDialog;
  readonly #application: Application;
  #onCancel: (message: SipText) => void = () => {};

  constructor(
    application: Application,
    transactionId: string,
    message: SipText,
    nextHop: string,
    onDialog: (dialog: PeerDialog) => void,
    onDeath: () => void,
  ) {
    this.#application = application;
    this.transactionId = transactionId;
    this.message = message;
    this.nextHop = nextHop;
    this.cancel = new Promise((resolve) => {
      this.#onCancel = resolve;
    });
    const peerUri = message.startLine.split(' ')[1] ?? '';
    this.dialog = new PeerDialog({
      application,
      peer: { protocol: 'udp', address: '127.0.0.1', port: 5080 },
      peerUri,
      ownUri: 'sip:connector@127.0.0.1:5060',
      callId: header(message, 'call-id') ?? '',
      ownTag: tagOf(header(message, 'from') ?? ''),
      onDeath,
    });
    onDialog(this.dialog);
  }

  /** The server itself answers: nothing came back, or there is no way. */
  serversResponse(status: number): void {
    this.respond(status, {}, ['network', '0', 'udp', '', '0', '10:20:30.405060']);
  }

  respond(status: number, content: Content & { readonly phrase?: string } = {}, whence: readonly string[] = []): void {
    const { headers = [], contentType, body, phrase = 'Whatever' } = content;
    const to = header(this.message, 'to') ?? '';
    const answer = writeSip(
      `SIP/2.0 ${status} ${phrase}`,
      [
        ['Via', header(this.message, 'via') ?? ''],
        ['From', header(this.message, 'from') ?? ''],
        ['To', status === 100 ? to : `${to};tag=${this.dialog.peerTag}`],
        ['Call-ID', header(this.message, 'call-id') ?? ''],
        ['CSeq', header(this.message, 'cseq') ?? ''],
        ['Contact', '<sip:far@127.0.0.1:5080>'],
        ...headers,
        ...(contentType === undefined ? [] : [['Content-Type', contentType] as const]),
      ],
      body,
    );
    const bytes = String(Buffer.byteLength(answer));
    const meta = whence.length > 0 ? whence : ['network', bytes, 'udp', '127.0.0.1', '5080', '10:20:30.405060'];
    this.#application.send(encodeFrame([randomUUID(), 'sip', ...meta, this.transactionId, this.dialog.id, ''], answer));
  }

  /** The application wants it cancelled. */
  cancelled(application: Application, frame: SipFrame): void {
    const message = { startLine: frame.message.split('\r\n')[0] ?? '', headers: [], body: frame.message };
    const meta = ['application', '0', 'udp', '127.0.0.1', '5080', '10:20:30.405060'];
    const fields = ['OK', ...meta, randomUUID(), 'Msg sent:', ''];
    application.send(encodeFrame([randomUUID(), 'response', frame.id, ...fields], writeSip(message.startLine, [])));
    this.#onCancel(message);
  }

  toJSON(): unknown {
    return this.message.startLine;
  }
}
