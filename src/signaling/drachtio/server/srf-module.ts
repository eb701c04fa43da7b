import type { EventEmitter } from 'node:events';
import { createRequire } from 'node:module';
import type { Server, Socket } from 'node:net';
import { ConnectorError, errorMessage } from '../../../base/connector-error.js';
import { loadPrivateCopy } from './private-copy.js';

/**
 * The part of drachtio-srf 5 that is used: its agent, which speaks the server's wire protocol. Its dialogs are not, for
 * they answer 200 to what has no listener, hang after a refused re-INVITE and throw at one without a body. The types it
 * ships say less than is true, and here and there something else; these say what was seen.
 */
export interface SrfMessage {
  /** The message as the server wrote it. */
  readonly raw: string;
}

/** What the server told about a request or response beside its text. */
export interface SrfMeta {
  /** `application`: the server sent this one by itself and lets us know. */
  readonly source: 'network' | 'application';
  readonly source_address: string;
  readonly source_port: number;
  readonly protocol: string;
  /** Empty outside a dialog. */
  readonly stackDialogId: string | undefined;
}

/** What speaks on a connection. */
export interface SrfAgent {
  readonly idle: boolean;
  /** What it knows of each connection: INVITEs without a final response, by Call-ID. */
  readonly mapServer: ReadonlyMap<Socket, { readonly pendingNetworkInvites: Map<string, { readonly req: unknown }> }>;
}

/** Whose connection a message goes out by. */
export interface SrfWay {
  agent: SrfAgent;
  socket: Socket;
}

export interface SrfRequest extends SrfMessage, SrfMeta, SrfWay, EventEmitter {
  readonly method: string;
  cancel(options: { readonly headers?: SrfHeaders }, callback: (error: unknown) => void): void;
}

/** A response of ours on its way out. */
export interface SrfResponse extends SrfMeta, SrfWay {
  /** A final one was sent, and it sends no other. */
  finished: boolean;
  /** Those every response goes out with: from the start Call-ID, CSeq, From and To, as they came. */
  readonly headers: SrfHeaders;
  /** `callback` gets an error, here and there a mere string, or the message that was sent. Throws for an unheard-of status. */
  send(
    status: number,
    phrase: string,
    content: { readonly headers: SrfHeaders; readonly body?: string },
    callback: (error: unknown, sent?: SrfMessage) => void,
  ): void;
}

/** A response that came. */
export interface SrfIncomingResponse extends SrfMessage, SrfMeta {
  readonly status: number;
}

/** Sends the ACK of a 2xx, the PRACK of a reliable provisional response; does nothing after any other. */
export type SrfAck = (options?: { readonly body?: string; readonly headers?: SrfHeaders }) => void;

/** A field that stands several times in a message is one string here, joined by commas. */
export type SrfHeaders = Record<string, string>;

export interface SrfRequestOptions {
  method: string;
  uri?: string;
  headers: SrfHeaders;
  body?: string;
  /** Next hop, where it is not the host of the Request-URI. */
  proxy?: string;
  stackDialogId?: string;
  _socket: Socket;
}

export interface SrfInstance extends EventEmitter {
  /** There is a client from `listen` on. */
  readonly app: { readonly client: SrfAgent };
  /** Takes every request that no dialog of its own wants. */
  use(handler: (request: SrfRequest, response: SrfResponse) => void): void;
  /** Asks the server for requests of this method that belong to no dialog. */
  use(method: string, handler: (request: SrfRequest, response: SrfResponse) => void): void;
  listen(options: {
    readonly server: Server;
    readonly secret: string;
    readonly enablePing: boolean;
    readonly pingInterval: number;
  }): void;
  /** Both ways to call it are its own: outside a dialog and inside. */
  request(options: SrfRequestOptions, callback: (error: unknown, request?: SrfRequest) => void): void;
}

export type SrfConstructor = new () => SrfInstance;

/**
 * Loads drachtio-srf when a driver needs it: where it is missing or broken, no other driver is harmed. It is a copy of the driver's
 * own, for it reads less than the one that others in this process use. Throws `ERR_DRACHTIO_MODULE`.
 */
export async function loadSrf(): Promise<SrfConstructor> {
  const require = createRequire(import.meta.url);
  let Srf: unknown;
  try {
    Srf = loadPrivateCopy(require, 'drachtio-srf', () => {
      const srf: unknown = require('drachtio-srf');
      const parser: SrfParser = require('drachtio-srf/lib/sip-parser/parser.js');
      giveHeadsAlone(parser);
      dropUnreadable(parser, require('drachtio-srf/lib/drachtio-agent.js'));
      return srf;
    });
  } catch (error) {
    throw new ConnectorError('ERR_DRACHTIO_MODULE', `drachtio-srf cannot be loaded: ${errorMessage(error)}`);
  }
  if (typeof Srf !== 'function') {
    throw new ConnectorError('ERR_DRACHTIO_MODULE', 'drachtio-srf exports something else than it did');
  }
  return Srf as SrfConstructor;
}

/** What drachtio-srf reads messages with; it calls it by this name each time. Throws, or has nothing, for what it cannot read. */
interface SrfParser {
  parseSipMessage(text: string, lazy: boolean): unknown;
}

/** Where drachtio-srf takes a frame of its server: a line with fields between `|`, the second its kind, and a message of a peer. */
interface SrfFrameReader {
  readonly prototype: { _onMsg(this: unknown, socket: Socket, frame: string): void };
}

/**
 * drachtio-srf looks for the parts of a body that nobody here asks it for, by expressions that try each blank or semicolon with
 * all that follow: a datagram of 60 KB, from anybody, held all calls up for fifteen seconds. A phrase of blanks it tries thrice
 * over. It is given the head alone, without the phrase; we read the message itself (`SrfMessage.raw`).
 */
function giveHeadsAlone(parser: SrfParser): void {
  const parse = parser.parseSipMessage;
  parser.parseSipMessage = (text, lazy) => {
    const headEnd = text.indexOf('\r\n\r\n');
    return parse(withoutPhrase(headEnd < 0 ? text : text.slice(0, headEnd + 4)), lazy);
  };
}

/**
 * A message of a peer that drachtio-srf cannot read it drops, and prints whole to stderr, which is a log: numbers of callers with it,
 * and anybody may send it thousands. It is dropped before. Each message is read once, all the same.
 */
function dropUnreadable(parser: SrfParser, { prototype }: SrfFrameReader): void {
  const parse = parser.parseSipMessage;
  const onFrame = prototype._onMsg;
  let read: { readonly text: string; readonly message: unknown } | undefined;
  parser.parseSipMessage = (text, lazy) => (read?.text === text ? read.message : parse(text, lazy));
  prototype._onMsg = function (socket, frame) {
    const lineEnd = frame.indexOf('\r');
    if (lineEnd < 0 || frame.slice(0, lineEnd).split('|', 2)[1] !== 'sip') {
      onFrame.call(this, socket, frame);
      return;
    }
    const text = frame.slice(lineEnd + 2);
    try {
      const message = parse(text, true);
      if (!message) return;
      read = { text, message };
    } catch {
      return;
    }
    try {
      onFrame.call(this, socket, frame);
    } finally {
      read = undefined;
    }
  };
}

/** A response whose status line ends with the status. */
function withoutPhrase(head: string): string {
  const status = /^SIP\/\d+\.\d+\s+\d+/.exec(head)?.[0];
  if (status === undefined) return head;
  // Where drachtio-srf sees the end of the line.
  const end = head.search(/\r\n(?![ \t])/);
  return end < 0 ? status : status + head.slice(Math.max(end, status.length));
}
