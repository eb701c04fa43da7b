import type { Content } from './peer-dialog.js';
import { header, type SipText, writeSip } from './sip-text.js';

/** A request of the application in a dialog, for the peer to answer. */
export class OwnRequest {
  readonly message: SipText;
  readonly #send: (answer: string) => void;

  constructor(message: SipText, send: (answer: string) => void) {
    this.message = message;
    this.#send = send;
  }

  respond(status: number, content: Content = {}): void {
    const { headers = [], contentType, body } = content;
    const fields = ['via', 'from', 'to', 'call-id', 'cseq'].map(
      (name) => [name, header(this.message, name) ?? ''] as const,
    );
    const type = contentType === undefined ? [] : [['Content-Type', contentType] as const];
    this.#send(writeSip(`SIP/2.0 ${status} Whatever`, [...fields, ...headers, ...type], body));
  }

  toJSON(): unknown {
    return this.message.startLine;
  }
}
